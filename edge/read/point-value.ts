/** A raw number to the point's value in its unit, with the sign of the community's bus, and its quality. */
import { POINTS, type PointName, type Quality } from '@commonworks/core';

export type Reading = { readonly value: number | string | null; readonly quality: Quality };

export const MISSING: Reading = { value: null, quality: 'missing' };

export type ScaleRule = {
  readonly scale?: number;
  readonly sign?: 1 | -1;
  readonly names?: Readonly<Record<string, string>>;
};

/** `exponent` is a SunSpec scale factor: the raw number times ten to its power. */
export function pointReading(point: PointName, raw: number | null, rule: ScaleRule, exponent = 0): Reading {
  if (raw === null) return MISSING;
  const kind = POINTS[point].kind;
  if (kind === 'state') return { value: rule.names?.[String(raw)] ?? `state-${raw}`, quality: 'good' };
  // Dividing by a power of ten is exact where multiplying by its inverse is not.
  const scaled = exponent < 0 ? raw / 10 ** -exponent : raw * 10 ** exponent;
  const value = thousandths(scaled * (rule.scale ?? 1) * (rule.sign ?? 1));
  if (value === null) return { value: null, quality: 'implausible' };
  if (kind === 'counter' && value < 0) return { value: null, quality: 'implausible' };
  return { value, quality: 'good' };
}

/** At most three decimals: whole mWh for counters, and no more digits than any meter here has for the rest. */
function thousandths(value: number): number | null {
  const rounded = Math.round(value * 1000) / 1000;
  if (!Number.isFinite(rounded) || Math.abs(value) * 1000 > Number.MAX_SAFE_INTEGER) return null;
  return rounded === 0 ? 0 : rounded;
}
