/** The account of a register: for any span, what it counted = what its intervals hold + what stands in none of them. */
import type { Mwh } from '../energy.ts';
import type { CounterPoint } from './counter-state.ts';
import type { PlacedEnergy } from './derive-intervals.ts';

/** Energy the register counted between two neighbouring readings, or a part of that time, that stands in no interval. */
export type UnplacedEnergy = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly energyMwh: Mwh;
  /** `begin`, `end`: at the first or last reading of a meter. `running`: its interval is not over. `gap`: all else. */
  readonly reason: 'begin' | 'end' | 'gap' | 'running';
};

/** Each piece lies between two points, so that it stays what it is when more readings come. Points before the span are passed over. */
export function unplacedEnergy(points: readonly CounterPoint[], placed: PlacedEnergy): UnplacedEnergy[] {
  const pieces: UnplacedEnergy[] = [];
  for (const [i, after] of points.entries()) {
    const before = points[i - 1];
    if (before === undefined || before.segment !== after.segment || before.timeMs < placed.span.fromMs) continue;
    const isFirst = before.step === 'first' || before.step === 'swap';
    const isLast = points[i + 1]?.segment !== after.segment;
    for (const piece of unbooked(before, after, placed)) {
      if (piece.energyMwh === 0) continue;
      const isBegin = isFirst && piece.fromMs === before.timeMs;
      const isEnd = isLast && piece.toMs === after.timeMs;
      const known = isBegin ? 'begin' : isEnd ? 'end' : 'gap';
      pieces.push({ ...piece, reason: piece.toMs > placed.span.toMs ? 'running' : known });
    }
  }
  return pieces;
}

type Piece = Omit<UnplacedEnergy, 'reason'>;

/** What lies between two points beside the intervals that have energy; at those the cumulative energy is known. */
function unbooked(before: CounterPoint, after: CounterPoint, placed: PlacedEnergy): Piece[] {
  const { span, lengthMs, intervals, edges } = placed;
  const pieces: Piece[] = [];
  let [fromMs, fromMwh] = [before.timeMs, before.cumulativeMwh];
  const close = (toMs: number, toMwh: Mwh) => {
    if (toMs > fromMs) pieces.push({ fromMs, toMs, energyMwh: toMwh - fromMwh });
  };
  for (let k = Math.floor((before.timeMs - span.fromMs) / lengthMs); k < intervals.length; k++) {
    const startMs = span.fromMs + k * lengthMs;
    if (startMs >= after.timeMs) break;
    if ((intervals[k]?.energyMwh ?? null) === null) continue;
    close(startMs, edges[k]?.cumulativeMwh ?? fromMwh);
    const isBeyond = startMs + lengthMs > after.timeMs;
    fromMs = isBeyond ? after.timeMs : startMs + lengthMs;
    fromMwh = isBeyond ? after.cumulativeMwh : (edges[k + 1]?.cumulativeMwh ?? fromMwh);
  }
  close(after.timeMs, after.cumulativeMwh);
  return pieces;
}

export type RegisterAccount = {
  /** The first believed register, and where it would be now had it never wrapped or restarted. */
  readonly startMwh: Mwh;
  readonly endMwh: Mwh;
  readonly bookedMwh: Mwh;
  readonly unplacedMwh: Mwh;
  /** Steps whose energy nobody can know: a change of meter, a jump. */
  readonly unknownSteps: number;
};

/** Null without a believed reading. `end - start = booked + unplaced`, for the whole of the points. */
export function accountOf(
  points: readonly CounterPoint[],
  of: { readonly placed: PlacedEnergy; readonly unplaced: readonly UnplacedEnergy[] },
): RegisterAccount | null {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const sum = (energies: readonly { readonly energyMwh: Mwh | null }[]) =>
    energies.reduce((total, { energyMwh }) => total + (energyMwh ?? 0), 0);
  return {
    startMwh: first.registerMwh,
    endMwh: first.registerMwh + last.cumulativeMwh - first.cumulativeMwh,
    bookedMwh: sum(of.placed.intervals),
    unplacedMwh: sum(of.unplaced),
    unknownSteps: last.segment - first.segment,
  };
}
