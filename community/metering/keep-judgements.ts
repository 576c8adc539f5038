/** Keeps what the counter engine judged: the steps of a register that were not plain rises, with their intervals. */
import type { Span } from '@commonworks/core';
import type { Judgement } from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import type { RegisterWindow, Target } from './register-window.ts';

/**
 * Replaces the judgements of the intervals in `span`. A step belongs to the interval it ends in, or with: one at the
 * span's first instant is the interval's before it.
 */
export async function keepJudgements(
  tx: Db,
  target: Target,
  of: { span: Span; judgements: readonly Judgement[]; window: RegisterWindow },
): Promise<void> {
  const { span } = of;
  await dropJudgements(tx, target, span);
  const isWithin = ({ timeMs }: Judgement) => timeMs > span.fromMs && timeMs <= span.toMs;
  const judged = asShown(of.judgements.filter(isWithin), of.window.samples);
  const byTime = new Map([...of.window.told.filter(isWithin), ...judged].map((one) => [one.timeMs, one]));
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
    .where('time_ms', '>', span.fromMs)
    .where('time_ms', '<=', span.toMs)
    .execute();
}

/** Judged on registers that were shifted by what an agent credited; told as the meter showed them. */
function asShown(judgements: readonly Judgement[], samples: RegisterWindow['samples']): Judgement[] {
  if (judgements.length === 0) return [];
  const placeOf = new Map(samples.map((sample, place) => [sample.timeMs, place]));
  return judgements.map((one) => {
    const place = placeOf.get(one.timeMs) ?? 0;
    return {
      ...one,
      beforeMwh: one.beforeMwh - (samples[place - 1]?.shiftMwh ?? 0),
      afterMwh: one.afterMwh - (samples[place]?.shiftMwh ?? 0),
    };
  });
}
