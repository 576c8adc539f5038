/** What a site booked of a meter, read from its files, against what the meter counted and what truly flowed. */
import { withDatabase } from '../site/stored.ts';
import type { LyingMeter } from './lying-meter.ts';

const QUARTER_MS = 900_000;
const GOOD = 0;
/** A home whose register stands still while so little flows cannot be told from one that rests: docs/metering.md says so. */
const UNSEEN_MWH = 100_000;

export type BookedInterval = {
  readonly startMs: number;
  readonly mwh: number | null;
  readonly quality: number;
  readonly method: string | null;
};
export type Unplaced = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly mwh: number;
  readonly reason: string;
};
export type Booked = { readonly intervals: readonly BookedInterval[]; readonly unplaced: readonly Unplaced[] };

/** Of the metering point with that name. */
export function readBooked(communityFile: string, point: string, direction: 0 | 1): Booked {
  return withDatabase(communityFile, (db) => {
    const has = (table: string, column: string) =>
      db.prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?').get(table, column) !== undefined;
    const of = 'point_no = (SELECT no FROM metering_point WHERE name = ?) AND direction = ?';
    const method = has('interval', 'method') ? 'method' : 'NULL';
    const rows = db
      .prepare(
        `SELECT start_ms AS startMs, energy_mwh AS mwh, quality, ${method} AS method FROM interval WHERE ${of} ORDER BY start_ms`,
      )
      .all(point, direction);
    const unplaced = has('unplaced_energy', 'energy_mwh')
      ? db
          .prepare(
            `SELECT from_ms AS fromMs, to_ms AS toMs, energy_mwh AS mwh, reason FROM unplaced_energy WHERE ${of} ORDER BY from_ms`,
          )
          .all(point, direction)
      : [];
    return { intervals: rows as BookedInterval[], unplaced: unplaced as Unplaced[] };
  });
}

export type Account = {
  readonly device: string;
  readonly lies: string;
  readonly countedMwh: number;
  readonly measuredMwh: number;
  readonly estimatedMwh: number;
  readonly unplacedMwh: number;
  /** Counted minus all that is booked: 0, or energy is lost (above) or invented (below). */
  readonly differenceMwh: number;
  readonly intervals: number;
  readonly missing: number;
  /** Sentences: what is wrong with single intervals. */
  readonly wrong: readonly string[];
};

export function accountOf(meter: LyingMeter, booked: Booked, span: { fromMs: number; toMs: number }): Account {
  const { spec } = meter;
  const within = booked.intervals.filter(({ startMs }) => startMs >= span.fromMs && startMs < span.toMs);
  const sum = (rows: readonly BookedInterval[]) => rows.reduce((total, { mwh }) => total + (mwh ?? 0), 0);
  const measuredMwh = sum(within.filter(({ quality }) => quality === GOOD));
  const estimatedMwh = sum(within) - measuredMwh;
  const rests = booked.unplaced.filter(({ fromMs, toMs }) => toMs > span.fromMs && fromMs < span.toMs);
  const unplacedMwh = rests.reduce((total, { mwh }) => total + mwh, 0);
  const countedMwh = meter.countedMwh(span.fromMs, span.toMs);
  const across = rests.filter(({ fromMs, toMs }) => fromMs < span.fromMs || toMs > span.toMs);
  return {
    device: spec.device,
    lies: `${spec.lies.map(({ kind }) => kind).join(', ') || 'honest'}; every ${spec.cadenceMs / 60_000} min${spec.hasPower ? ', with power' : ''}`,
    ...{ countedMwh, measuredMwh, estimatedMwh, unplacedMwh },
    differenceMwh: withoutRenewals(countedMwh - measuredMwh - estimatedMwh - unplacedMwh, meter, span),
    intervals: within.length,
    missing: within.filter(({ mwh }) => mwh === null).length,
    wrong: [
      ...within.flatMap((interval) => wrongWith(interval, meter)),
      ...across.map(({ fromMs }) => `unplaced energy from ${at(fromMs)} lies across the span's ends`),
    ],
  };
}

/** What a slow register had not shown yet when the span began or ended is booked where it flowed: on one side or the other. */
function withoutRenewals(differenceMwh: number, meter: LyingMeter, span: { fromMs: number; toMs: number }): number {
  const slow = meter.spec.lies.find(({ kind }) => kind === 'slow');
  if (slow === undefined) return differenceMwh;
  const around = (atMs: number) => meter.flowedMwh(atMs - slow.size, atMs + slow.size);
  return Math.abs(differenceMwh) <= around(span.fromMs) + around(span.toMs) ? 0 : differenceMwh;
}

function wrongWith({ startMs, mwh, quality }: BookedInterval, meter: LyingMeter): string[] {
  if (mwh === null) return [];
  const { countMwh, ratedPowerW } = meter.spec;
  if (mwh < 0) return [`${at(startMs)}: ${mwh} mWh, below nothing`];
  // 1 W for 3600 ms is 1 mWh.
  if (mwh > (ratedPowerW * QUARTER_MS) / 3600 + countMwh)
    return [`${at(startMs)}: ${mwh} mWh, more than the fuse carries`];
  const flowedMwh = meter.flowedMwh(startMs, startMs + QUARTER_MS);
  const stands = meter.spec.lies.some(({ kind }) => kind === 'slow' || kind === 'frozen' || kind === 'saturated');
  const unseenMwh = stands ? Math.max(countMwh, UNSEEN_MWH) : countMwh;
  if (quality !== GOOD || Math.abs(mwh - flowedMwh) <= unseenMwh) return [];
  return [`${at(startMs)}: ${mwh} mWh said to be good, ${flowedMwh} flowed`];
}

const at = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 16);

/** Up to so many sentences of each meter are shown. */
const SHOWN_MAX = 3;

/** One line a meter, with the first of what is wrong below it. */
export function accountLines(accounts: readonly Account[]): string {
  const kwh = (mwh: number) => (mwh / 1e6).toFixed(3).padStart(10);
  return accounts
    .flatMap((one) => [
      `${one.device.padEnd(9)} counted ${kwh(one.countedMwh)} kWh = measured ${kwh(one.measuredMwh)} + estimated ${kwh(one.estimatedMwh)} + unplaced ${kwh(one.unplacedMwh)}, ` +
        `difference ${one.differenceMwh} mWh; ${one.missing} of ${one.intervals} missing, ${one.wrong.length} wrong (${one.lies})`,
      ...one.wrong.slice(0, SHOWN_MAX).map((line) => `            ${line}`),
    ])
    .join('\n');
}
