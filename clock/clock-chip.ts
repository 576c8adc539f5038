/** A battery-backed clock chip: read without root, compared with a known time for weeks, trusted once its drift is known. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Static, Type } from 'typebox';
import { DRIFT_LEFT_PPM } from './hub-trust.ts';

/** The chip and the true time at one moment. `isKept`: the kernel may write the chip then (a time service runs). */
export const ChipPair = Type.Object({
  chipMs: Type.Number(),
  atMs: Type.Number(),
  errorMs: Type.Number({ minimum: 0 }),
  boot: Type.String({ maxLength: 80 }),
  isKept: Type.Boolean(),
});
export type ChipPair = Static<typeof ChipPair>;

/** A pair an hour at most, and so many of them: two months. */
export const CHIP_PAIRS_MAX = 1500;
export const CHIP_PAIR_EVERY_MS = 3_600_000;

/** Together at least a day of spans over which nobody set the chip: a second of error is then 12 ppm. */
const MEASURED_MIN_MS = 86_400_000;
/** A chip is within 20 ppm, a bad one within 50: more was somebody setting it. */
const SET_PPM = 200;

export type ChipFit = { readonly ratePpm: number; readonly ratePpmError: number; readonly last: ChipPair };

/**
 * The drift over all spans in which the chip ran free. While a time service runs, the kernel sets the chip every eleven
 * minutes (CONFIG_RTC_SYSTOHC) and it shows no drift of its own: such spans tell nothing. Null until enough was measured.
 */
export function fitChip(pairs: readonly ChipPair[]): ChipFit | null {
  const last = pairs.at(-1);
  if (last === undefined) return null;
  let [spanMs, driftMs, errorMs] = [0, 0, 0];
  for (const [from, to] of freeRuns(pairs)) {
    spanMs += to.chipMs - from.chipMs;
    driftMs += drift(from, to);
    // Only its ends are uncertain: what lies between cancels out.
    errorMs += from.errorMs + to.errorMs;
  }
  if (spanMs < MEASURED_MIN_MS) return null;
  return { ratePpm: (driftMs / spanMs) * 1e6, ratePpmError: (errorMs / spanMs) * 1e6 + DRIFT_LEFT_PPM, last };
}

/** The longest runs of pairs over which nobody set the chip, by their ends. */
function freeRuns(pairs: readonly ChipPair[]): [ChipPair, ChipPair][] {
  const runs: [ChipPair, ChipPair][] = [];
  for (const [i, to] of pairs.entries()) {
    const from = pairs[i - 1];
    if (from === undefined || !ranFree(from, to)) continue;
    const run = runs.at(-1);
    if (run?.[1] === from) run[1] = to;
    else runs.push([from, to]);
  }
  return runs;
}

function ranFree(from: ChipPair, to: ChipPair): boolean {
  if (from.isKept && to.isKept && from.boot === to.boot) return false;
  const chipMs = to.chipMs - from.chipMs;
  return chipMs > 0 && Math.abs(drift(from, to)) <= from.errorMs + to.errorMs + (chipMs * SET_PPM) / 1e6;
}

function drift(from: ChipPair, to: ChipPair): number {
  return to.atMs - from.atMs - (to.chipMs - from.chipMs);
}

/** The true time when the chip shows `chipMs`, and the bound of its error. */
export function timeOfChip(fit: ChipFit, chipMs: number): { readonly atMs: number; readonly errorMs: number } {
  const elapsedMs = chipMs - fit.last.chipMs;
  return {
    atMs: fit.last.atMs + elapsedMs * (1 + fit.ratePpm / 1e6),
    errorMs: fit.last.errorMs + (Math.abs(elapsedMs) * fit.ratePpmError) / 1e6,
  };
}

export const CHIP_FILE = '/sys/class/rtc/rtc0/since_epoch';
const LOOK_EVERY_MS = 10;
/** The chip shows whole seconds: the moment it changes tells it to some hundredths. */
const LOOKS_MAX = 150;

/** The chip's time at a change of its second; null without a chip, or when it stands still. */
export async function readChip(file = CHIP_FILE): Promise<number | null> {
  const first = await seconds(file);
  for (let look = 0; first !== null && look < LOOKS_MAX; look++) {
    await sleep(LOOK_EVERY_MS);
    const next = await seconds(file);
    if (next !== null && next !== first) return next * 1000;
  }
  return null;
}

async function seconds(file: string): Promise<number | null> {
  try {
    const value = Number((await readFile(file, 'utf8')).trim());
    return Number.isInteger(value) && value > 0 ? value : null;
  } catch {
    return null;
  }
}
