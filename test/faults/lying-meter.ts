/** A meter over a month or more: what truly flowed, what its register counted, and what it shows while it lies. */
import { seeded } from './real-time.ts';

export const LIES = [
  'low',
  'zero',
  'frozen',
  'spike',
  'outage',
  'slow',
  'saturated',
  'swap-lower',
  'swap-higher',
] as const;
export type LieKind = (typeof LIES)[number];

export type Lie = {
  readonly kind: LieKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** Low by so much, a spike so high, renewed every so many milliseconds. */
  readonly size: number;
};

export type MeterSpec = {
  readonly device: string;
  readonly seed: number;
  readonly cadenceMs: number;
  /** What the register shows: whole multiples of this. */
  readonly countMwh: number;
  readonly startMwh: number;
  readonly ratedPowerW: number;
  /** Whether it also tells its power. */
  readonly hasPower: boolean;
  readonly lies: readonly Lie[];
};

export type Reading = {
  readonly timeMs: number;
  readonly mwh: number;
  readonly powerW: number | null;
  readonly serial: string;
  /** What is shown is what was counted, up to the last renewal. */
  readonly isHonest: boolean;
};

export type LyingMeter = {
  readonly spec: MeterSpec;
  readonly readings: readonly Reading[];
  /** What the registers on the wall counted between two of their honest readings: end minus start, for each serial number. */
  readonly countedMwh: (fromMs: number, toMs: number) => number;
  /** What truly flowed in a span on the grid of five minutes, mWh. */
  readonly flowedMwh: (fromMs: number, toMs: number) => number;
};

const STEP_MS = 300_000;
const HOUR_MS = 3_600_000;

/** `span` begins and ends on quarter hours; no lie of the spec touches its ends. */
export function createLyingMeter(spec: MeterSpec, span: { fromMs: number; toMs: number }): LyingMeter {
  const steps = Math.ceil((span.toMs - span.fromMs) / STEP_MS);
  const totals = flowTotals(spec, { fromMs: span.fromMs, steps });
  const totalAt = (timeMs: number) => interpolated(totals, (timeMs - span.fromMs) / STEP_MS);
  const powerAt = (timeMs: number) => {
    const step = Math.min(Math.max(Math.ceil((timeMs - span.fromMs) / STEP_MS), 1), steps);
    // 1 W for 3600 ms is 1 mWh.
    return (((totals[step] ?? 0) - (totals[step - 1] ?? 0)) * 3600) / STEP_MS;
  };
  const meters = metersOnTheWall(spec, { span, totalAt });
  const readings: Reading[] = [];
  for (let timeMs = span.fromMs; timeMs <= span.toMs; timeMs += spec.cadenceMs) {
    const active = spec.lies.filter((lie) => lie.fromMs <= timeMs && timeMs < lie.toMs);
    if (active.some(({ kind }) => kind === 'outage')) continue;
    const meter = meters.findLast(({ fromMs }) => fromMs <= timeMs) ?? meters[0];
    if (meter === undefined) break;
    const honest = floorTo(spec.countMwh, meter.register(renewedAt(timeMs, spec.lies)));
    const mwh = shown(honest, { active, meter, countMwh: spec.countMwh });
    const powerW = spec.hasPower ? powerAt(timeMs) : null;
    readings.push({ timeMs, mwh, powerW, serial: meter.serial, isHonest: mwh === honest });
  }
  return {
    ...{ spec, readings },
    countedMwh: (fromMs, toMs) => countedBetween(readings, fromMs, toMs),
    flowedMwh: (fromMs, toMs) => totalAt(toMs) - totalAt(fromMs),
  };
}

function countedBetween(readings: readonly Reading[], fromMs: number, toMs: number): number {
  const last = new Map<string, number>();
  let sum = 0;
  for (const { serial, mwh, timeMs, isHonest } of readings) {
    if (!isHonest || timeMs < fromMs || timeMs > toMs) continue;
    const beforeMwh = last.get(serial) ?? mwh;
    sum += mwh - beforeMwh;
    last.set(serial, mwh);
  }
  return sum;
}

/** A household: standby, a daily wave, and something strong now and then; never above the fuse. */
function flowTotals(spec: MeterSpec, at: { fromMs: number; steps: number }): number[] {
  const random = seeded(spec.seed);
  const totals = [0];
  let strongW = 0;
  let strongSteps = 0;
  for (let step = 0; step < at.steps; step++) {
    const hour = ((at.fromMs + step * STEP_MS) / HOUR_MS) % 24;
    if (strongSteps === 0 && random() < 0.02) {
      strongW = spec.ratedPowerW * (0.1 + 0.6 * random());
      strongSteps = 3 + Math.floor(random() * 20);
    }
    const powerW = 150 + 250 * (1 + Math.sin((hour / 24) * 2 * Math.PI)) * random() + (strongSteps > 0 ? strongW : 0);
    strongSteps = Math.max(0, strongSteps - 1);
    totals.push((totals.at(-1) ?? 0) + Math.round((powerW * STEP_MS) / 3600));
  }
  return totals;
}

function interpolated(totals: readonly number[], at: number): number {
  const step = Math.min(Math.max(Math.floor(at), 0), totals.length - 1);
  const before = totals[step] ?? 0;
  const after = totals[step + 1] ?? before;
  return Math.floor(before + (after - before) * (at - step));
}

type WallMeter = {
  readonly fromMs: number;
  readonly serial: string;
  readonly register: (timeMs: number) => number;
};

type Flow = { readonly span: { fromMs: number; toMs: number }; readonly totalAt: (timeMs: number) => number };

/** The first meter, and one more for each swap. A saturated register stops where the lie begins, until its meter is taken away. */
function metersOnTheWall(spec: MeterSpec, { span, totalAt }: Flow): WallMeter[] {
  const meters: WallMeter[] = [{ fromMs: span.fromMs, serial: `${spec.device}-1`, register: () => 0 }];
  const swaps = spec.lies.filter(({ kind }) => kind.startsWith('swap') || kind === 'saturated');
  let startMwh = spec.startMwh;
  let fromMs = span.fromMs;
  const count = (base: { startMwh: number; fromMs: number }, endMs: number) => (timeMs: number) =>
    base.startMwh + totalAt(Math.min(timeMs, endMs)) - totalAt(base.fromMs);
  for (const [n, lie] of swaps.entries()) {
    const endMs = lie.kind === 'saturated' ? lie.fromMs : Number.POSITIVE_INFINITY;
    const register = count({ startMwh, fromMs }, endMs);
    meters[n] = { ...(meters[n] as WallMeter), register };
    const lastMwh = register(lie.toMs);
    startMwh = lie.kind === 'swap-higher' ? lastMwh + lie.size : Math.min(lie.size, Math.floor(lastMwh / 2));
    fromMs = lie.toMs;
    meters.push({ fromMs, serial: `${spec.device}-${n + 2}`, register: () => 0 });
  }
  const last = meters.length - 1;
  meters[last] = { ...(meters[last] as WallMeter), register: count({ startMwh, fromMs }, Number.POSITIVE_INFINITY) };
  return meters;
}

/** A slow register shows what it was when it was last renewed. */
function renewedAt(timeMs: number, lies: readonly Lie[]): number {
  const slow = lies.find(({ kind, fromMs, toMs }) => kind === 'slow' && fromMs <= timeMs && timeMs < toMs);
  if (slow === undefined) return timeMs;
  return Math.max(slow.fromMs, slow.fromMs + Math.floor((timeMs - slow.fromMs) / slow.size) * slow.size);
}

function shown(
  honestMwh: number,
  { active, meter, countMwh }: { active: readonly Lie[]; meter: WallMeter; countMwh: number },
): number {
  let mwh = honestMwh;
  for (const { kind, fromMs, size } of active) {
    if (kind === 'low') mwh = Math.max(0, honestMwh - floorTo(countMwh, size));
    else if (kind === 'zero') mwh = 0;
    else if (kind === 'frozen') mwh = floorTo(countMwh, meter.register(fromMs));
    else if (kind === 'spike') mwh = honestMwh + floorTo(countMwh, size);
  }
  return mwh;
}

function floorTo(countMwh: number, mwh: number): number {
  return Math.floor(mwh / countMwh) * countMwh;
}
