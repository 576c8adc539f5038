/** The half hours of a local day, and which of them a booking may begin in: pure. */
import { daySpan, type Span } from '@commonworks/core/time.ts';
import { BOOKING_LIMITS } from '@commonworks/core/workshop/booking-rules.ts';

export const SLOT_MS = 1_800_000;
export const LENGTHS_MS = [SLOT_MS, 2 * SLOT_MS, 4 * SLOT_MS, 6 * SLOT_MS, 8 * SLOT_MS] as const;
export type Part = 'night' | 'morning' | 'afternoon' | 'evening';
export type Slot = { readonly fromMs: number; readonly part: Part; readonly isFree: boolean };

/** Half hours that are not over, in order; taken ones stay, so that the day keeps its shape. */
export function daySlots(day: string, taken: readonly Span[], at: { zone: string; nowMs: number }): Slot[] {
  const { fromMs, toMs } = daySpan(day, at.zone);
  const slots: Slot[] = [];
  for (let startMs = fromMs; startMs < toMs; startMs += SLOT_MS) {
    if (startMs < at.nowMs) continue;
    const hour = localHour(startMs, at.zone);
    slots.push({ fromMs: startMs, part: partOf(hour), isFree: freeFrom(startMs, taken) >= BOOKING_LIMITS.minMs });
  }
  return slots;
}

/** How long a booking that begins then may last: until the next one, at most the longest allowed. */
export function freeFrom(startMs: number, taken: readonly Span[]): number {
  if (taken.some(({ fromMs, toMs }) => fromMs <= startMs && startMs < toMs)) return 0;
  const next = Math.min(
    ...taken.map(({ fromMs }) => fromMs).filter((fromMs) => fromMs > startMs),
    Number.POSITIVE_INFINITY,
  );
  return Math.min(BOOKING_LIMITS.maxMs, next - startMs);
}

function localHour(ms: number, zone: string): number {
  return Number(new Intl.DateTimeFormat('en', { timeZone: zone, hour: 'numeric', hourCycle: 'h23' }).format(ms));
}

function partOf(hour: number): Part {
  if (hour < 6 || hour >= 22) return 'night';
  if (hour < 12) return 'morning';
  return hour < 18 ? 'afternoon' : 'evening';
}
