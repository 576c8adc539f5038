/** How the energy of a gap is placed: the rule in force when it began, and the shape that the rule follows. */
import { QUARTER_HOUR_MS, type Span } from '@commonworks/core';
import {
  type CounterFacts,
  type CounterState,
  dayBefore,
  type GapMethod,
  type GapRule,
  type GapRules,
  isUsable,
  SHAPE_BACK_MS,
} from '@commonworks/core/metering/index.ts';
import type { Db } from '../database.ts';
import { type PointRegister, readSamples, type Target, type TracedSample } from './point-register.ts';

export type GapRuleRow = { readonly from_ms: number; readonly method: GapMethod };
type Shape = NonNullable<GapRule['weightAt']>;

export const DEFAULT_GAP_METHOD: GapMethod = 'flat';

/** Ascending. */
export async function gapRuleRows(db: Db): Promise<GapRuleRow[]> {
  return await db.selectFrom('gap_rule').select(['from_ms', 'method']).orderBy('from_ms').execute();
}

export function methodAt(rows: readonly GapRuleRow[], timeMs: number): GapMethod {
  return rows.findLast(({ from_ms }) => from_ms <= timeMs)?.method ?? DEFAULT_GAP_METHOD;
}

export type GapBook = {
  /** Reads the shapes of the gaps among these readings; to be called before they are derived. */
  readonly prepare: (samples: readonly TracedSample[], from: CounterState | undefined) => Promise<void>;
  readonly rules: GapRules;
};

export async function openGapBook(tx: Db, of: { register: PointRegister; facts: CounterFacts }): Promise<GapBook> {
  const rows = await gapRuleRows(tx);
  const shapes = new Map<string, Shape>();
  const keyOf = ({ fromMs, toMs }: Span) => `${fromMs}/${toMs}`;
  const prepare: GapBook['prepare'] = async (samples, from) => {
    shapes.clear();
    if (rows.every(({ method }) => method === 'flat' || method === 'unplaced')) return;
    const gaps = gapsOf(samples, from);
    const like = (method: GapMethod) => gaps.filter(({ fromMs }) => methodAt(rows, fromMs) === method);
    const days = like('day-before');
    if (days.length > 0) {
      const fromMs = Math.min(...days.map((gap) => gap.fromMs)) - SHAPE_BACK_MS;
      const read = await readSamples(tx, of.register, { fromMs, toMs: Number.MAX_SAFE_INTEGER });
      for (const gap of days) {
        shapes.set(keyOf(gap), dayBefore(read, gap.fromMs, { facts: of.facts, lengthMs: QUARTER_HOUR_MS }));
      }
    }
    for (const gap of like('load-curve')) shapes.set(keyOf(gap), await loadCurve(tx, of.register.target, gap));
  };
  const rules: GapRules = (gap) => {
    const weightAt = shapes.get(keyOf(gap));
    return { method: methodAt(rows, gap.fromMs), ...(weightAt !== undefined && { weightAt }) };
  };
  return { prepare, rules };
}

/** Any two of the readings may turn out to be neighbours once those between are not believed: only real neighbours get a shape. */
function gapsOf(samples: readonly TracedSample[], from: CounterState | undefined): Span[] {
  const times = samples.filter(isUsable).map(({ timeMs }) => timeMs);
  const lastMs = from?.recent.at(-1)?.timeMs;
  if (lastMs !== undefined && lastMs < (times[0] ?? 0)) times.unshift(lastMs);
  return times.flatMap((toMs, i) => {
    const fromMs = times[i - 1];
    return fromMs === undefined || toMs - fromMs <= QUARTER_HOUR_MS ? [] : [{ fromMs, toMs }];
  });
}

/** What the other meters of the same role that were read through the whole gap counted together; the shape does not ask how many. */
async function loadCurve(tx: Db, { point, direction }: Target, gap: Span): Promise<Shape> {
  const firstMs = Math.floor(gap.fromMs / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
  const count = Math.ceil((gap.toMs - firstMs) / QUARTER_HOUR_MS);
  const rows = await tx
    .selectFrom('interval')
    .innerJoin('metering_point as point', 'point.no', 'interval.point_no')
    .select(['interval.point_no', 'interval.start_ms', 'interval.energy_mwh'])
    .where('point.role', '=', point.role)
    .where('interval.point_no', '!=', point.no)
    .where('interval.direction', '=', direction)
    .where('interval.start_ms', '>=', firstMs)
    .where('interval.start_ms', '<', gap.toMs)
    .where('interval.energy_mwh', 'is not', null)
    // Read, not placed by an estimate itself.
    .where((where) => where.or([where('interval.method', 'is', null), where('interval.method', '=', 'interpolated')]))
    .execute();
  const sums = new Map<number, number>();
  for (const own of Map.groupBy(rows, (row) => row.point_no).values()) {
    if (own.length < count) continue;
    for (const { start_ms, energy_mwh } of own) sums.set(start_ms, (sums.get(start_ms) ?? 0) + (energy_mwh ?? 0));
  }
  return (startMs) => sums.get(startMs) ?? null;
}

/** Gaps that follow the load curve are placed again when the curve became another: asked for, and served after the page. */
export async function followLoadCurve(tx: Db, changedStarts: readonly number[]): Promise<void> {
  const rows = await gapRuleRows(tx);
  const starts = changedStarts.filter((start) => methodAt(rows, start) === 'load-curve');
  if (starts.length === 0) return;
  const placed = await tx
    .selectFrom('interval')
    .select(['point_no', (select) => select.fn.min<number>('start_ms').as('from_ms')])
    .where('start_ms', '>=', Math.min(...starts))
    .where('start_ms', '<=', Math.max(...starts))
    .where('method', 'in', ['flat', 'load-curve'])
    .groupBy('point_no')
    .execute();
  for (const { point_no, from_ms } of placed) {
    await tx.insertInto('derive_request').values({ point_no, from_ms, to_ms: null }).execute();
  }
}
