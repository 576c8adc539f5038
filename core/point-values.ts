/** Which values a point can have at all: of its kind, and of a size this world has. */
import { isRegisterWh } from './energy.ts';
import type { PointName } from './points.ts';
import { POINTS } from './points.ts';

/** In W forty times the largest power station there is; nothing else that is measured here comes near. */
const GAUGE_MAX = 1e12;

/**
 * Why a value cannot be the point's, or null. A register must be whole mWh in a safe integer, of either sign here: whether
 * one below zero means anything is judged where energy is made of it.
 */
export function pointValueFault(point: PointName, value: unknown): string | null {
  const { kind } = POINTS[point];
  if (kind === 'state') return wordFault(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'the value is missing or of the wrong type';
  const isPossible = kind === 'counter' ? isRegisterWh(Math.abs(value)) : Math.abs(value) <= GAUGE_MAX;
  return isPossible ? null : 'the value is larger than this point can have';
}

/** Half a surrogate pair cannot be written as UTF-8: two different ones would be one word on disk. */
function wordFault(value: unknown): string | null {
  if (typeof value !== 'string') return 'the value is missing or of the wrong type';
  return value.isWellFormed() ? null : 'the value is no well-formed text';
}
