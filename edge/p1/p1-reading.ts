/** A telegram's values to the points of a P1 profile: sums of tariff registers, import minus export. */
import { isPointName, type PointName } from '@commonworks/core';
import type { P1Profile } from '../profile/schema.ts';
import type { Reading } from '../read/point-value.ts';
import type { Telegram } from './parse-telegram.ts';

/** Points the telegram has nothing for are left out: a single-phase meter has no L2. */
export function p1Readings(profile: P1Profile, telegram: Telegram): Map<PointName, Reading> {
  const readings = new Map<PointName, Reading>();
  for (const [point, rule] of Object.entries(profile.points)) {
    if (!isPointName(point)) continue;
    const plus = firstSum(rule.plus, telegram.values);
    if (plus === null) continue;
    const minus = rule.minus === undefined ? 0 : (firstSum(rule.minus, telegram.values) ?? 0);
    readings.set(point, { value: (plus - minus) / 1000, quality: 'good' });
  }
  return readings;
}

/** The sum of the first alternative whose codes are all there. */
function firstSum(alternatives: readonly (readonly string[])[], values: ReadonlyMap<string, number>): number | null {
  for (const codes of alternatives) {
    const found = codes.map((code) => values.get(code));
    if (found.every((value) => value !== undefined)) return found.reduce((sum, value) => sum + value, 0);
  }
  return null;
}
