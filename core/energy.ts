/** Energy as whole milliwatt-hours (10^-6 kWh): parsing, printing, and the bounds within which doubles are exact. */
import { invariant } from './errors.ts';

/** Whole mWh. 2^53 mWh are 9 TWh: more than any community's lifetime. */
export type Mwh = number;

const KWH = /^-?\d{1,9}(?:\.\d{1,6})?$/;

/** Text in kWh with at most six decimals to whole mWh; null when it is anything else (also an empty text). */
export function parseKwh(text: string): Mwh | null {
  if (!KWH.test(text)) return null;
  const isNegative = text.startsWith('-');
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const mwh = Number(whole) * 1_000_000 + Number(fraction.padEnd(6, '0'));
  return isNegative && mwh !== 0 ? -mwh : mwh;
}

/** Whole mWh to kWh text with exactly six decimals. */
export function formatKwh(mwh: Mwh): string {
  invariant(Number.isSafeInteger(mwh), 'energy is a whole number of mWh');
  const digits = String(Math.abs(mwh)).padStart(7, '0');
  return `${mwh < 0 ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** Whether a number can be a register in Wh: not below zero, and within what `mwhFromWh` takes. */
export function isRegisterWh(wh: number): boolean {
  return wh >= 0 && wh * 1000 < Number.MAX_SAFE_INTEGER;
}

const POWER_MAX_W = 1e9;

/** Whether a number can be a device's power in W, drawn or fed: what lies beyond is a fault, and sums of it would not be whole. */
export function isPowerW(watts: number): boolean {
  return Math.abs(watts) < POWER_MAX_W;
}

/** A register in Wh, as carried on the wire with at most three decimals, to whole mWh (rounded once, here). */
export function mwhFromWh(wh: number): Mwh {
  const mwh = Math.round(wh * 1000);
  invariant(Number.isSafeInteger(mwh), 'a register fits a safe integer of mWh');
  return mwh;
}

export function whFromMwh(mwh: Mwh): number {
  return mwh / 1000;
}
