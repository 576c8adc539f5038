/** A village of meters that lie in every way there is, each way at least once, the rest by chance. */
import { createLyingMeter, LIES, type Lie, type LieKind, type LyingMeter } from './lying-meter.ts';
import { seeded } from './real-time.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Nothing lies this long after the beginning, before the end, and around the turn of a month. */
const QUIET_MS = DAY_MS;
const RATED_W = 24_000;

export type Village = { readonly producer: LyingMeter; readonly homes: readonly LyingMeter[] };

export type VillageOptions = {
  readonly seed: number;
  readonly span: { readonly fromMs: number; readonly toMs: number };
  /** Turns of months within the span. */
  readonly turnsMs: readonly number[];
  readonly homes: number;
};

export function createVillage(options: VillageOptions): Village {
  const random = seeded(options.seed);
  const meter = (device: string, kinds: readonly LieKind[]) => {
    const isPowerNeeded = kinds.some((kind) => kind === 'frozen' || kind === 'saturated' || kind === 'slow');
    // Power read once in a quarter hour is a sample that bears no witness.
    const cadenceMs = (isPowerNeeded ? 5 : pick([5, 5, 15, 15, 20, 60], random)) * MINUTE_MS;
    const spec = {
      ...{ device, cadenceMs, seed: Math.floor(random() * 1e9) },
      countMwh: pick([1000, 1000, 10_000, 100], random),
      startMwh: Math.floor(random() * 4e10),
      ratedPowerW: RATED_W,
      hasPower: isPowerNeeded || random() < 0.5,
      lies: placed(kinds, { ...options, cadenceMs }, random),
    };
    return createLyingMeter(spec, options.span);
  };
  const homes = Array.from({ length: options.homes }, (_, n) => {
    const own = LIES[n % LIES.length] as LieKind;
    const more = Array.from({ length: Math.floor(random() * 3) }, () => pick(LIES, random));
    // A slow register is slow all its life; the others come and go.
    return meter(`home-${n + 1}`, own === 'slow' ? [own] : [own, ...more.filter((kind) => kind !== 'slow')]);
  });
  return { producer: meter('solar', ['outage']), homes };
}

/** Each lie on a part of the time of its own, so that what it does can be told apart. */
function placed(
  kinds: readonly LieKind[],
  options: VillageOptions & { cadenceMs: number },
  random: () => number,
): Lie[] {
  const { fromMs, toMs } = options.span;
  if (kinds[0] === 'slow') return [{ kind: 'slow', fromMs, toMs, size: pick([37, 70], random) * MINUTE_MS }];
  const part = (toMs - fromMs - 2 * QUIET_MS) / kinds.length;
  return kinds.flatMap((kind, n) => {
    const partMs = fromMs + QUIET_MS + n * part;
    const lengthMs = kind === 'spike' ? options.cadenceMs : Math.min(lengthOf(kind, random), part / 3);
    let beginMs = Math.floor((partMs + part * (0.1 + 0.4 * random())) / MINUTE_MS) * MINUTE_MS;
    for (const turnMs of options.turnsMs) {
      if (beginMs < turnMs + QUIET_MS && beginMs + lengthMs > turnMs - QUIET_MS) beginMs = turnMs + QUIET_MS;
    }
    const endMs = beginMs + Math.floor(lengthMs / MINUTE_MS) * MINUTE_MS;
    // A lie smaller than what flows between two readings cannot be seen by anybody.
    const hiddenMwh = kind === 'low' ? (RATED_W * options.cadenceMs) / 3600 : 0;
    const lie: Lie = { kind, fromMs: beginMs, toMs: endMs, size: sizeOf(kind, random) + hiddenMwh };
    if (kind === 'outage' || random() < 0.7) return [lie];
    // Trouble comes together: the lie ends in silence, and nobody sees how.
    const silenceMs = Math.min((0.5 + 6.5 * random()) * HOUR_MS, part / 10);
    const half = Math.floor((silenceMs * random()) / MINUTE_MS) * MINUTE_MS;
    return [lie, { kind: 'outage', fromMs: endMs - half, toMs: endMs - half + silenceMs, size: 0 }];
  });
}

function lengthOf(kind: Exclude<LieKind, 'spike'>, random: () => number): number {
  switch (kind) {
    case 'low':
      return (0.5 + 2.5 * random()) * HOUR_MS;
    case 'zero':
      return (0.5 + 4 * random()) * HOUR_MS;
    case 'frozen':
      return (2 + 6 * random()) * HOUR_MS;
    case 'outage':
      return (1 + 40 * random()) * HOUR_MS;
    case 'saturated':
      return (10 + 20 * random()) * HOUR_MS;
    case 'slow':
    case 'swap-lower':
    case 'swap-higher':
      return HOUR_MS;
    default:
      return kind satisfies never;
  }
}

/** mWh. */
function sizeOf(kind: LieKind, random: () => number): number {
  if (kind === 'spike') return Math.floor((0.5 + random()) * 1e9);
  if (kind === 'swap-higher') return Math.floor((1 + random()) * 1e9);
  if (kind === 'swap-lower' || kind === 'saturated') return Math.floor(random() * 1e5);
  return Math.floor((1 + 20 * random()) * 1e6);
}

function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)] as T;
}
