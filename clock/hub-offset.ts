/** How far another machine's clock is from our own monotonic time, from questions and answers over a wire. */
import type { TimeAnswer } from '@commonworks/core';

export type HubOffset = {
  /** The hub's wall clock = our monotonic milliseconds + this. */
  readonly offsetMs: number;
  /** Bound of its error when it was measured: half the round trip, and what the hub says of itself. */
  readonly errorMs: number;
  /** Our monotonic time when it was measured. */
  readonly atMs: number;
  /** Whether the hub knows its own time to be right. */
  readonly isTrusted: boolean;
};

/** RFC 5905 section 8: the middle of the two differences; the true one lies within half the time on the wire. */
export function offsetOf(answer: TimeAnswer, arrivedMs: number): HubOffset {
  const { sentMs, receivedMs, answeredMs, isTrusted } = answer;
  const wireMs = Math.max(0, arrivedMs - sentMs - Math.max(0, answeredMs - receivedMs));
  const offsetMs = (receivedMs - sentMs + answeredMs - arrivedMs) / 2;
  // A hub's stamps are whole milliseconds.
  return { offsetMs, errorMs: wireMs / 2 + 1 + answer.errorMs, atMs: arrivedMs, isTrusted };
}

/** The round with the least time on the wire knows best; null without one. */
export function bestOf(rounds: readonly HubOffset[]): HubOffset | null {
  return rounds.reduce<HubOffset | null>(
    (best, round) => (best === null || round.errorMs < best.errorMs ? round : best),
    null,
  );
}

/** Cheap crystals are within 100 millionths, a Raspberry Pi's within 50: what a measurement loses with age. */
const DRIFT_MAX = 1e-4;

export function errorAt(hub: HubOffset, nowMs: number): number {
  return hub.errorMs + Math.max(0, nowMs - hub.atMs) * DRIFT_MAX;
}
