/** Values that a person types for intervals without one: recorded, listed, withdrawn; never in the place of a measurement. */
import { accept, type Result, refuse, type Span } from '@commonworks/core';
import type { Substitute, SubstituteRequest } from '@commonworks/core/api/index.ts';
import { spreadEnergy } from '@commonworks/core/closing/index.ts';
import { QUARTER_HOUR_MS } from '@commonworks/core/time.ts';
import { sql } from 'kysely';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import { effectiveIntervals } from '../metering/effective-interval.ts';
import { isAssigned } from '../metering/rules.ts';
import { newId } from '../new-id.ts';
import { DIRECTION_POINTS } from '../register/points.ts';
import { type Gap, gapShape } from './gap-shape.ts';
import { memberRef, pointRef } from './names.ts';
import type { AccountRegister } from './register-account.ts';

/** A month and the hour that it is longer in autumn: longer gaps are typed month by month. */
const SPAN_MAX_MS = 31 * 86_400_000 + 3_600_000;
/** Of one metering point; older ones are in the database. */
const LISTED_MAX = 200;

export type TypedBy = { readonly reason: string; readonly author: string; readonly nowMs: number };

/** The intervals of the span that were neither measured nor derived: a person may speak for them, also anew. */
export async function findGap(db: Db, register: AccountRegister, span: Span): Promise<Gap> {
  const rows = await effectiveIntervals(db, span, register.point.no);
  const measured = new Set(
    rows
      .filter((row) => row.direction === register.direction && row.energy_mwh !== null && row.substitute === null)
      .map((row) => row.start_ms),
  );
  const starts: number[] = [];
  for (let start = span.fromMs; start + QUARTER_HOUR_MS <= span.toMs; start += QUARTER_HOUR_MS) {
    if (!measured.has(start) && isAssigned(register.point, start, start + QUARTER_HOUR_MS)) starts.push(start);
  }
  return { ...register, starts };
}

/** Why a span cannot be typed, or null. */
export function spanFault({ fromMs, toMs }: Span, nowMs: number): string | null {
  if (fromMs % QUARTER_HOUR_MS !== 0 || toMs % QUARTER_HOUR_MS !== 0)
    return 'a span begins and ends with a quarter hour';
  if (toMs <= fromMs) return 'the span ends before it begins';
  if (toMs - fromMs > SPAN_MAX_MS) return 'a span is at most a month long';
  return toMs > nowMs ? 'nobody can say yet what will be used' : null;
}

/** Within a transaction; the id of the act. The intervals are shared anew in a moment. */
export async function recordSubstitute(
  tx: Db,
  register: AccountRegister,
  typed: { readonly request: SubstituteRequest } & TypedBy,
): Promise<Result<string>> {
  const { request, reason, author, nowMs } = typed;
  const { fromMs, toMs, value } = request;
  const fault = spanFault(request, nowMs);
  if (fault !== null) return refuse('http.request-invalid', fault);
  const gap = await findGap(tx, register, request);
  if (gap.starts.length === 0) {
    return refuse('community.substitute-needless', 'every quarter hour of this time has a measured or derived value');
  }
  const energies = await energiesOf(tx, gap, value);
  if (energies.length !== gap.starts.length) {
    return refuse(
      'http.request-invalid',
      `${gap.starts.length} quarter hours of this time have no value, not ${energies.length}`,
    );
  }
  const most = Math.max(...energies);
  const ratedMwh = (register.point.ratedPowerW ?? Number.POSITIVE_INFINITY) * MWH_PER_W;
  if (most > ratedMwh) {
    return refuse(
      'community.substitute-implausible',
      `${most} mWh in a quarter hour is more than this connection can carry`,
    );
  }
  const { point, direction } = register;
  const id = newId(nowMs);
  const act = { point_no: point.no, direction, reason, author, created_ms: nowMs };
  const energyMwh = energies.reduce((sum, energy) => sum + energy, 0);
  const spread = 'spread' in value ? value.spread : 'typed';
  await tx
    .insertInto('substitute_act')
    .values({ id, ...act, from_ms: fromMs, to_ms: toMs, energy_mwh: energyMwh, spread })
    .execute();
  const rows = gap.starts.map((start, i) => ({
    id,
    ...act,
    start_ms: start,
    energy_mwh: energies[i] ?? 0,
    withdrawn_ms: null,
  }));
  for (const chunk of inChunks(rows)) await tx.insertInto('substitute_value').values(chunk).execute();
  await shareAnew(tx, request);
  return accept(id);
}

/** A quarter of an hour at 1 W: 0.25 Wh. */
const MWH_PER_W = 250;

async function energiesOf(tx: Db, gap: Gap, value: SubstituteRequest['value']): Promise<readonly number[]> {
  if ('energiesMwh' in value) return value.energiesMwh;
  return spreadEnergy(value.energyMwh, await gapShape(tx, gap, value.spread));
}

/** Within a transaction. What was typed stays on record, and counts no more. */
export async function withdrawSubstitute(tx: Db, id: string, by: TypedBy): Promise<Result<null>> {
  const act = await tx.selectFrom('substitute_act').selectAll().where('id', '=', id).executeTakeFirst();
  if (act === undefined) return refuse('http.not-found', 'nobody has typed such a value');
  const before = await tx.selectFrom('substitute_withdrawal').select('id').where('id', '=', id).executeTakeFirst();
  if (before !== undefined) return refuse('community.substitute-withdrawn', 'this was withdrawn before');
  await tx
    .insertInto('substitute_withdrawal')
    .values({ id, reason: by.reason, author: by.author, created_ms: by.nowMs })
    .execute();
  await tx.updateTable('substitute_value').set({ withdrawn_ms: by.nowMs }).where('id', '=', id).execute();
  await shareAnew(tx, { fromMs: act.from_ms, toMs: act.to_ms });
  return accept(null);
}

async function shareAnew(tx: Db, { fromMs, toMs }: Span): Promise<void> {
  await tx.insertInto('derive_request').values({ point_no: null, from_ms: fromMs, to_ms: toMs }).execute();
}

/** Of one metering point, newest first, people and place by reference. */
export async function listSubstitutes(db: Db, point: AccountRegister['point']): Promise<Substitute[]> {
  const acts = await db
    .selectFrom('substitute_act as act')
    .leftJoin('substitute_withdrawal as gone', 'gone.id', 'act.id')
    .selectAll('act')
    .select(['gone.reason as goneReason', 'gone.author as goneAuthor', 'gone.created_ms as goneMs'])
    .where('act.point_no', '=', point.no)
    .orderBy(sql`act.rowid`, 'desc')
    .limit(LISTED_MAX)
    .execute();
  const listed: Substitute[] = [];
  for (const { goneMs, ...act } of acts) {
    const typed = await db
      .selectFrom('substitute_value')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('id', '=', act.id)
      .executeTakeFirst();
    const rows = await effectiveIntervals(db, { fromMs: act.from_ms, toMs: act.to_ms }, point.no);
    const counting = rows.filter((row) => row.substitute?.id === act.id).length;
    const intervals = typed?.count ?? 0;
    const gone = { reason: act.goneReason ?? '', author: memberRef(act.goneAuthor ?? ''), createdMs: goneMs ?? 0 };
    listed.push({
      ...{ id: act.id, point: pointRef(point.id), register: DIRECTION_POINTS[act.direction], spread: act.spread },
      ...{ fromMs: act.from_ms, toMs: act.to_ms, energyMwh: act.energy_mwh, intervals },
      ...{ reason: act.reason, author: memberRef(act.author), createdMs: act.created_ms },
      superseded: goneMs === null ? intervals - counting : 0,
      withdrawal: goneMs === null ? null : gone,
    });
  }
  return listed;
}
