/** The workshop's rules as sentences: bookings, starting, session time, price. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ActivitySpan,
  activityFromPower,
  BOOKING_LIMITS,
  checkBookingTimes,
  DEFAULT_THRESHOLDS,
  mayStart,
  nextFreeMs,
  type StartFacts,
  sessionChargeMinor,
  sessionSeconds,
  sessionSpans,
  spanBetween,
} from './index.ts';

const MIN = 60_000;
const NOW = Date.UTC(2026, 4, 4, 8, 0, 30);
const span = (from: number, to: number) => ({ fromMs: from * MIN, toMs: to * MIN });

describe('booking times', () => {
  const begin = Math.floor(NOW / MIN) * MIN;
  it.each([
    ['a quarter hour from the present minute is accepted', begin, 15 * MIN, null],
    ['eight hours are accepted', begin + MIN, 480 * MIN, null],
    ['fourteen minutes are refused', begin + MIN, 14 * MIN, 'workshop.booking-length'],
    ['eight hours and a minute are refused', begin + MIN, 481 * MIN, 'workshop.booking-length'],
    ['an end before the begin is refused', begin + MIN, -60 * MIN, 'workshop.booking-length'],
    ['half a minute is refused', begin + MIN / 2, 15 * MIN, 'workshop.booking-not-whole-minutes'],
    ['the past is refused', begin - MIN, 15 * MIN, 'workshop.booking-in-past'],
    [
      'sixty-one days ahead are refused',
      begin + BOOKING_LIMITS.aheadMaxMs + MIN,
      15 * MIN,
      'workshop.booking-too-far-ahead',
    ],
  ])('%s', (_name, fromMs, lengthMs, reason) => {
    const result = checkBookingTimes({ fromMs, toMs: fromMs + lengthMs }, NOW);
    expect(result.ok ? null : result.reason).toBe(reason);
  });

  it('the next free time fits between what is taken', () => {
    expect(nextFreeMs(span(0, 30), [span(60, 90), span(20, 40)])).toBe(90 * MIN);
    expect(nextFreeMs(span(0, 20), [span(20, 40)])).toBe(0);
    expect(nextFreeMs(span(0, 20), [span(0, 20), span(40, 60)])).toBe(20 * MIN);
  });

  it('the next free time never overlaps and is the earliest', () => {
    const spans = fc.array(
      fc.tuple(fc.nat(500), fc.integer({ min: 15, max: 120 })).map(([a, n]) => span(a, a + n)),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(spans, fc.nat(500), fc.integer({ min: 15, max: 120 }), (taken, from, length) => {
        const begin = nextFreeMs(span(from, from + length), taken);
        const isFree = (at: number) => taken.every((one) => one.fromMs >= at + length * MIN || one.toMs <= at);
        expect(isFree(begin)).toBe(true);
        for (let at = from * MIN; at < begin; at += MIN) expect(isFree(at)).toBe(false);
      }),
    );
  });
});

describe('who may start', () => {
  const free: StartFacts = {
    nowMs: NOW,
    zone: 'Europe/Vienna',
    member: { id: 'anna', hasLeft: false },
    activity: 'off',
    inSession: null,
    running: null,
    nextOfOthersMs: null,
  };
  it.each<[string, Partial<StartFacts>, string | null]>([
    ['a member on a free machine may', {}, null],
    ['an unknown badge may not', { member: null }, 'workshop.not-a-member'],
    ['a former member may not', { member: { id: 'anna', hasLeft: true } }, 'workshop.not-a-member'],
    ['nobody may while somebody else is badged in', { inSession: 'ben' }, 'workshop.machine-in-session'],
    ['not twice', { inSession: 'anna' }, 'workshop.already-in-session'],
    ['not in alarm', { activity: 'alarm' }, 'workshop.machine-in-alarm'],
    [
      'not in the booking of somebody else',
      { running: { member: 'ben', toMs: NOW + 3_600_000 } },
      'workshop.machine-booked',
    ],
    ['in the own booking', { running: { member: 'anna', toMs: NOW + 3_600_000 } }, null],
    ['without knowing what the machine does', { activity: 'unknown' }, null],
  ])('%s', (_name, change, code) => {
    const decision = mayStart({ ...free, ...change });
    expect(decision.ok ? null : decision.code).toBe(code);
    expect(decision.reason.length).toBeGreaterThan(5);
  });

  it('says until when in local time', () => {
    const decision = mayStart({ ...free, nextOfOthersMs: Date.UTC(2026, 4, 4, 10, 30) });
    expect(decision.reason).toBe('Free for you until 12:30.');
  });

  it('does not call a machine free that nobody has heard of', () => {
    expect(mayStart({ ...free, activity: 'unknown' }).reason).not.toMatch(/free/i);
  });
});

describe('activity from power', () => {
  it('has hysteresis: a dip between the thresholds does not end a run, and none begins there', () => {
    const watts = [5, 120, 300, 800, 300, 200, 300, null, 300];
    let activity: Parameters<typeof activityFromPower>[0] = 'unknown';
    const seen = watts.map((powerW) => {
      activity = activityFromPower(activity, powerW, DEFAULT_THRESHOLDS);
      return activity;
    });
    expect(seen).toEqual(['off', 'idle', 'idle', 'running', 'running', 'idle', 'idle', 'unknown', 'idle']);
  });
});

describe('session time', () => {
  const at = (minute: number, activity: ActivitySpan['activity'], boot = 'a') => ({
    timeMs: minute * MIN,
    activity,
    boot,
    source: `pack-${minute}`,
  });

  it('an observation holds until the next one of the same watcher', () => {
    expect(spanBetween(at(0, 'running'), at(15, 'idle'))).toMatchObject({ activity: 'running', source: 'pack-0' });
  });
  it('is unknown across a silence, and across another life of the watcher', () => {
    expect(spanBetween(at(0, 'running'), at(17, 'running'))?.activity).toBe('unknown');
    expect(spanBetween(at(0, 'running'), at(5, 'running', 'b'))?.activity).toBe('unknown');
  });
  it('late observations add nothing', () => {
    expect(spanBetween(at(5, 'running'), at(5, 'idle'))).toBeNull();
    expect(spanBetween(at(5, 'running'), at(4, 'idle'))).toBeNull();
  });
  it('covers the whole session, with the uncovered as unknown', () => {
    const spans = [
      { ...span(0, 20), activity: 'idle' as const, source: 'x' },
      { ...span(20, 40), activity: 'running' as const, source: 'y' },
    ];
    const result = sessionSpans(span(10, 60), spans);
    expect(result.map((one) => [one.fromMs / MIN, one.toMs / MIN, one.activity])).toEqual([
      [10, 20, 'idle'],
      [20, 40, 'running'],
      [40, 60, 'unknown'],
    ]);
    expect(sessionSeconds(result)).toEqual({ idleS: 600, runningS: 1200, unknownS: 1200 });
  });
  it('parts always sum to the session', () => {
    const parts = fc.array(
      fc.tuple(fc.nat(90), fc.integer({ min: 1, max: 30 }), fc.constantFrom('off', 'running', 'unknown', 'hold')),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(parts, fc.nat(60), fc.integer({ min: 1, max: 60 }), (raw, from, length) => {
        const spans = raw.map(([a, n, activity]) => ({ ...span(a, a + n), activity, source: 's' }) as ActivitySpan);
        const result = sessionSpans(span(from, from + length), spans);
        const { runningS, idleS, unknownS } = sessionSeconds(result);
        expect(runningS + idleS + unknownS).toBe(length * 60);
        for (let i = 1; i < result.length; i++) expect(result[i]?.fromMs).toBe(result[i - 1]?.toMs);
      }),
    );
  });
});

describe('the price of a session', () => {
  it.each([
    ['twenty minutes at 12 EUR an hour are 4 EUR', 1200, '1200', 400],
    ['a second at 12 EUR an hour is a third of a cent: nothing', 1, '1200', 0],
    ['half a cent is not billed', 3, '600', 0],
    ['a little more than half a cent is', 4, '600', 1],
    ['decimals of a cent count', 3600, '12.5', 12],
    ['no time costs nothing', 0, '999999999.999999', 0],
    ['a year at the highest price is exact', 31_536_000, '999999999.999999', 8_760_000_000_000 - 0],
  ])('%s', (_name, seconds, price, minor) => {
    expect(sessionChargeMinor(seconds, price)).toBe(minor);
  });
});
