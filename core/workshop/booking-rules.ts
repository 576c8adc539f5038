/** When a machine may be booked: lengths, how far ahead, and where the next free time is. */
import { accept, type Result, refuse } from '../errors.ts';
import type { Span } from '../time.ts';

export const BOOKING_LIMITS = {
  minMs: 15 * 60_000,
  maxMs: 8 * 3_600_000,
  aheadMaxMs: 60 * 86_400_000,
  stepMs: 60_000,
} as const;

/** Times on whole minutes, not begun before the present minute, within the limits. */
export function checkBookingTimes(span: Span, nowMs: number): Result<Span> {
  const { fromMs, toMs } = span;
  if (fromMs % BOOKING_LIMITS.stepMs !== 0 || toMs % BOOKING_LIMITS.stepMs !== 0) {
    return refuse('workshop.booking-not-whole-minutes', 'A booking begins and ends on a whole minute.');
  }
  const lengthMs = toMs - fromMs;
  if (lengthMs < BOOKING_LIMITS.minMs || lengthMs > BOOKING_LIMITS.maxMs) {
    return refuse('workshop.booking-length', 'A booking takes at least 15 minutes and at most 8 hours.');
  }
  if (fromMs < Math.floor(nowMs / BOOKING_LIMITS.stepMs) * BOOKING_LIMITS.stepMs) {
    return refuse('workshop.booking-in-past', 'A booking cannot begin in the past.');
  }
  if (fromMs - nowMs > BOOKING_LIMITS.aheadMaxMs) {
    return refuse('workshop.booking-too-far-ahead', 'A booking can be made at most 60 days ahead.');
  }
  return accept(span);
}

/**
 * The earliest begin not before `wanted.fromMs` at which the wanted length fits between the taken spans.
 * Taken spans may come in any order and may touch; half-open, so one may begin where another ends.
 */
export function nextFreeMs(wanted: Span, taken: readonly Span[]): number {
  const lengthMs = wanted.toMs - wanted.fromMs;
  let beginMs = wanted.fromMs;
  for (const span of [...taken].sort((a, b) => a.fromMs - b.fromMs)) {
    if (span.fromMs < beginMs + lengthMs && span.toMs > beginMs) beginMs = span.toMs;
  }
  return beginMs;
}
