/** The laws of booking times on screen, and what a machine's card says first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daySlots, freeFrom, SLOT_MS } from './day-slots.ts';
import { machineState } from './machine-look.ts';

const zone = 'Europe/Vienna';
const DAY_START = Date.UTC(2026, 5, 1, 22);
const span = fc
  .tuple(fc.integer({ min: 0, max: 47 }), fc.integer({ min: 1, max: 12 }))
  .map(([from, length]) => ({ fromMs: DAY_START + from * SLOT_MS, toMs: DAY_START + (from + length) * SLOT_MS }));

describe('the half hours of a day', () => {
  it.each([
    ['2026-06-02', 48],
    ['2026-03-29', 46],
    ['2026-10-25', 50],
  ])('are complete on %s: %i', (day, count) => {
    expect(daySlots(day, [], { zone, nowMs: 0 })).toHaveLength(count);
  });

  it('never offer a time that overlaps a booking', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 6 }), (taken) => {
        for (const slot of daySlots('2026-06-02', taken, { zone, nowMs: 0 })) {
          const untilMs = slot.fromMs + freeFrom(slot.fromMs, taken);
          const overlaps = taken.some(({ fromMs, toMs }) => fromMs < untilMs && toMs > slot.fromMs);
          expect(slot.isFree && overlaps).toBe(false);
        }
      }),
    );
  });

  it('leave out what is over', () => {
    const nowMs = DAY_START + 20 * SLOT_MS + 1;
    expect(daySlots('2026-06-02', [], { zone, nowMs })[0]?.fromMs).toBe(DAY_START + 21 * SLOT_MS);
  });
});

describe('the state on a card', () => {
  it.each([
    [{ activity: 'running', isStale: true, occupancy: 'in-session' }, 'unknown'],
    [{ activity: 'alarm', isStale: false, occupancy: 'free' }, 'alarm'],
    [{ activity: 'running', isStale: false, occupancy: 'free' }, 'running'],
    [{ activity: 'idle', isStale: false, occupancy: 'booked' }, 'busy'],
    [{ activity: 'off', isStale: false, occupancy: 'free' }, 'free'],
    [{ activity: 'unknown', isStale: false, occupancy: 'free' }, 'unknown'],
  ] as const)('%o is %s', (machine, expected) => {
    expect(machineState(machine)).toBe(expected);
  });
});
