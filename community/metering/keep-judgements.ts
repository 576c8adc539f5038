/** Keeps what the counter engine judged: the steps of a register that were not plain rises, with their intervals. */
import type { Span } from '@commonworks/core';
import type { Judgement } from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import { type PointRegister, shiftAt, type Target } from './point-register.ts';

/** Replaces the judgements of the readings in `span`; what an agent or a person told of a step goes before. */
export async function keepJudgements(
  tx: Db,
  register: PointRegister,
  of: { span: Span; judgements: readonly Judgement[] },
): Promise<void> {
  const { target, told } = register;
  await dropJudgements(tx, target, of.span);
  const isWithin = ({ timeMs }: Judgement) => timeMs >= of.span.fromMs && timeMs < of.span.toMs;
  const judged = of.judgements.filter(isWithin).map((one) => asShown(register, one));
  const byTime = new Map([...told.filter(isWithin), ...judged].map((one) => [one.timeMs, one]));
  const rows = [...byTime.values()].map((one) => ({
    point_no: target.point.no,
    direction: target.direction,
    time_ms: one.timeMs,
    kind: one.kind,
    before_mwh: one.beforeMwh,
    after_mwh: one.afterMwh,
    credited_mwh: one.creditedMwh,
  }));
  for (const chunk of inChunks(rows)) await tx.insertInto('counter_judgement').values(chunk).execute();
}

export async function dropJudgements(tx: Db, { point, direction }: Target, span: Span): Promise<void> {
  await tx
    .deleteFrom('counter_judgement')
    .where('point_no', '=', point.no)
    .where('direction', '=', direction)
    .where('time_ms', '>=', span.fromMs)
    .where('time_ms', '<', span.toMs)
    .execute();
}

/** Judged on registers that were shifted by what an agent credited; told as the meter showed them. */
function asShown(register: PointRegister, one: Judgement): Judgement {
  return {
    ...one,
    beforeMwh: one.beforeMwh - shiftAt(register, one.timeMs - 1),
    afterMwh: one.afterMwh - shiftAt(register, one.timeMs),
  };
}
