/** How a gap may have gone: evenly, as the days before, or as the community's other meters of the kind did meanwhile. */
import type { Spread } from '@commonworks/core/closing/index.ts';
import { QUARTER_HOUR_MS } from '@commonworks/core/time.ts';
import type { Db } from '../database.ts';
import { listPoints } from '../register/points.ts';
import type { AccountRegister } from './register-account.ts';

const DAY_MS = 86_400_000;
/** Where the day before is missing too: the same weekday is the last that is taken. */
export const DAYS_BACK_MAX = 7;

/** A register and the starts of its intervals that have no value, ascending. */
export type Gap = AccountRegister & { readonly starts: readonly number[] };

/** A weight in mWh for each start; all zero when nothing is known. */
export async function gapShape(db: Db, gap: Gap, spread: Spread): Promise<number[]> {
  switch (spread) {
    case 'flat':
      return gap.starts.map(() => 1);
    case 'day-before':
      return await dayBefore(db, gap);
    case 'load-curve':
      return (await loadCurve(db, gap)).energies;
    default:
      return spread satisfies never;
  }
}

async function dayBefore(db: Db, gap: Gap): Promise<number[]> {
  const { starts } = gap;
  const measured = await measuredEnergies(db, [gap.point.no], {
    direction: gap.direction,
    fromMs: (starts[0] ?? 0) - DAYS_BACK_MAX * DAY_MS,
    toMs: (starts.at(-1) ?? 0) + QUARTER_HOUR_MS,
  });
  return starts.map((start) => {
    for (let days = 1; days <= DAYS_BACK_MAX; days++) {
      const energy = measured.get(start - days * DAY_MS);
      if (energy !== undefined) return energy;
    }
    return 0;
  });
}

/** What the other points of the same role counted together in each interval, and how many they are. */
export async function loadCurve(db: Db, gap: Gap): Promise<{ energies: number[]; others: number }> {
  const others = await otherPoints(db, gap);
  const sums = await measuredEnergies(db, others, {
    direction: gap.direction,
    fromMs: gap.starts[0] ?? 0,
    toMs: (gap.starts.at(-1) ?? 0) + QUARTER_HOUR_MS,
  });
  return { energies: gap.starts.map((start) => sums.get(start) ?? 0), others: others.length };
}

/** This register's part of what the others counted, over the week before the gap; null when either is not known. */
export async function partOfOthers(db: Db, gap: Gap): Promise<number | null> {
  const toMs = gap.starts[0] ?? 0;
  const week = { direction: gap.direction, fromMs: toMs - DAYS_BACK_MAX * DAY_MS, toMs };
  const own = await measuredEnergies(db, [gap.point.no], week);
  const others = await measuredEnergies(db, await otherPoints(db, gap), week);
  let [mine, theirs] = [0, 0];
  for (const [start, energy] of own) {
    const together = others.get(start);
    if (together === undefined) continue;
    mine += energy;
    theirs += together;
  }
  return theirs === 0 ? null : mine / theirs;
}

async function otherPoints(db: Db, { point }: Gap): Promise<number[]> {
  const points = await listPoints(db);
  return points.filter(({ no, role }) => no !== point.no && role === point.role).map(({ no }) => no);
}

/** Measured or derived, never typed: a substitute must not be made from substitutes. */
export async function measuredEnergies(
  db: Db,
  points: readonly number[],
  of: { direction: 0 | 1; fromMs: number; toMs: number },
): Promise<Map<number, number>> {
  if (points.length === 0) return new Map();
  const rows = await db
    .selectFrom('interval')
    .select((select) => ['start_ms', select.fn.sum<number>('energy_mwh').as('mwh')])
    .where('point_no', 'in', points)
    .where('direction', '=', of.direction)
    .where('start_ms', '>=', of.fromMs)
    .where('start_ms', '<', of.toMs)
    .where('energy_mwh', 'is not', null)
    .groupBy('start_ms')
    .execute();
  return new Map(rows.map((row) => [row.start_ms, row.mwh]));
}
