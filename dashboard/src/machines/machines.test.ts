/** The laws of booking times on screen, and what a machine's card says first. */
import type { Machine } from '@commonworks/core/api/index.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daySlots, freeFrom, SLOT_MS } from './day-slots.ts';
import { machineState, machinesAnswer } from './machine-look.ts';

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

describe('the answer above the machines', () => {
  const machine = (name: string, change: Partial<Machine>): Machine => ({
    ...{ id: name, name, kind: 'laser', activity: 'off', activitySinceMs: null, isStale: false, powerW: null },
    ...{ occupancy: 'free', current: null, next: null, pricePerHour: '1', mySession: null },
    mayStart: { ok: false, reason: '' },
    ...change,
  });
  const taken = machine('Mill', { occupancy: 'in-session' });
  const mine = machine('Laser', { occupancy: 'booked', mayStart: { ok: true, reason: 'Free for you.' } });
  const unheard = machine('Printer', { activity: 'unknown', isStale: true, mayStart: { ok: true, reason: '' } });
  const said = (...machines: Machine[]) => machinesAnswer(machines).sentence;

  it('counts the free ones, and says "none" only when none may be started', () => {
    expect(said(machine('Saw', {}), taken)).toContain('1 of 2 machines is free');
    expect(said(taken)).toBe('No machine is free right now.');
    expect(said(taken, mine)).toBe('You may start: Laser. No other machine is free.');
  });

  it('does not say of machines nobody has heard of that they are taken', () => {
    expect(said(unheard)).toContain('is not known');
    expect(said(taken, { ...unheard, mayStart: { ok: false, reason: '' } })).toContain('as far as we know');
  });
});
