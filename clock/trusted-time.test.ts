/** Trusted time in a small world that knows the real one: a kernel that counts, a wall clock anybody may set, a hub. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestOf, offsetOf } from './hub-offset.ts';
import { createTrustedTime, type TrustedTime } from './trusted-time.ts';

const REAL = Date.UTC(2026, 10, 1, 12);
const HOUR = 3_600_000;
const SYNCHRONISED = { isSynchronised: true, service: 'chrony', errorMs: 3 } as const;
const ALONE = { isSynchronised: false, service: null, errorMs: null } as const;

/** `skewMs`: wall clock minus real time. */
function world(skewMs: number) {
  let realMs = REAL;
  let skew = skewMs;
  const bootedMs = REAL - 5000;
  const steps: number[] = [];
  const time = createTrustedTime({
    wallMs: () => realMs + skew,
    monotonicMs: () => realMs - bootedMs,
    onStep: (byMs) => steps.push(byMs),
  });
  const measure = (isTrusted = true, errorMs = 10) =>
    time.hearHub({ offsetMs: bootedMs, errorMs, atMs: realMs - bootedMs, isTrusted });
  return {
    time,
    steps,
    measure,
    real: () => realMs,
    bootedMs,
    pass: (ms: number) => {
      realMs += ms;
    },
    set: (to: number) => {
      skew = to;
    },
  };
}

/** When a stamp was, once the boot is dated. */
const placed = (time: TrustedTime, stampMs: number) =>
  stampMs < REAL / 2 ? stampMs + (time.datingMs() ?? NaN) : stampMs;

describe('A wall clock', () => {
  it('of a plausible year that nobody vouches for is not trusted', () => {
    const { time, pass, bootedMs } = world(-2 * HOUR);
    const reading = time.now();
    pass(300);
    expect(time.knowledge()).toMatchObject({ isTrusted: false, source: 'none', offsetMs: null });
    expect([time.stamp(reading), time.datingMs(), time.hubMs()]).toEqual([REAL - bootedMs, null, null]);
  });

  it('is trusted while the time service vouches for it, and three minutes after its last word', () => {
    const { time, pass } = world(0);
    time.hearSystem(SYNCHRONISED, time.generation());
    expect(time.knowledge()).toMatchObject({ isTrusted: true, source: 'system' });
    expect(time.stamp(time.now())).toBe(REAL);
    pass(180_001);
    expect(time.knowledge().isTrusted).toBe(false);
  });

  it.each([
    [1900, true],
    [-1900, true],
    [2100, false],
    [-60_000, false],
  ])('measured %i ms from a hub that knows its time: trusted %s', (skewMs, isTrusted) => {
    const { time, measure } = world(skewMs);
    measure();
    expect(time.knowledge()).toMatchObject({ isTrusted, source: 'hub', offsetMs: skewMs });
  });

  it('that is known to be wrong is corrected: by time since boot and the offset that dates it', () => {
    const { time, measure, pass, real } = world(-60_000);
    measure();
    expect(time.now()).toBe(real());
    const reading = time.now();
    pass(2000);
    const stamp = time.stamp(reading);
    expect(stamp).toBeLessThan(HOUR);
    expect(placed(time, stamp)).toBe(REAL);
  });

  it('measured against a hub that does not know its own time is not trusted, but commands can be dated', () => {
    const { time, measure, real } = world(0);
    measure(false);
    expect(time.knowledge()).toMatchObject({ isTrusted: false, source: 'none', offsetMs: 0 });
    expect([time.datingMs(), time.hubMs()]).toEqual([null, real()]);
  });

  it('keeps what a trusted hub said when the hub comes back without its time', () => {
    const { time, measure } = world(30);
    measure();
    measure(false);
    expect(time.knowledge()).toMatchObject({ isTrusted: true, source: 'hub' });
  });

  it.each([-2 * 24 * HOUR, -HOUR, -600, 600, 10 * 60_000, 2 * 24 * HOUR])(
    'set by %i ms while running leaves no reading in the past or the future',
    (byMs) => {
      const { time, pass, set, steps, real } = world(0);
      time.hearSystem(SYNCHRONISED, time.generation());
      const tick = time.now();
      pass(400);
      set(byMs);
      const after = time.now();
      expect(time.stamp(tick)).toBe(REAL);
      const afterStamp = time.stamp(after);
      expect(afterStamp).toBe(5400);
      expect(steps).toEqual([byMs]);
      expect(time.knowledge().isTrusted).toBe(false);
      time.hearHub({ offsetMs: REAL - 5000, errorMs: 5, atMs: 5400, isTrusted: true });
      expect(placed(time, afterStamp)).toBe(real());
    },
  );

  it('whose service answered before it was set is not vouched for by that answer', () => {
    const { time, set } = world(0);
    const asked = time.generation();
    set(HOUR);
    time.hearSystem(SYNCHRONISED, asked);
    expect(time.knowledge().isTrusted).toBe(false);
    time.hearSystem(SYNCHRONISED, time.generation());
    expect(time.knowledge().isTrusted).toBe(true);
  });

  it('measured long ago is trusted no longer, but its offset still dates', () => {
    const { time, measure, pass, bootedMs } = world(0);
    measure();
    pass(6 * HOUR);
    expect(time.knowledge()).toMatchObject({ isTrusted: false, source: 'hub' });
    expect(time.datingMs()).toBe(bootedMs);
  });
});

describe('An offset', () => {
  it('lies within its bound, whatever the wire does, and the quickest round is kept', () => {
    const round = fc.record({ there: fc.nat(3000), work: fc.nat(500), back: fc.nat(3000) });
    fc.assert(
      fc.property(
        fc.array(round, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: -9e9, max: 9e9 }),
        (rounds, skew) => {
          let nowMs = 10_000;
          const measured = rounds.map(({ there, work, back }) => {
            const sentMs = nowMs;
            const receivedMs = sentMs + there + REAL + skew;
            nowMs += there + work + back;
            const shared = { id: 'a', isTrusted: true, errorMs: 0 };
            return offsetOf({ ...shared, sentMs, receivedMs, answeredMs: receivedMs + work }, nowMs);
          });
          const best = bestOf(measured);
          for (const one of measured) {
            expect(Math.abs(one.offsetMs - REAL - skew)).toBeLessThanOrEqual(one.errorMs);
            expect(best?.errorMs).toBeLessThanOrEqual(one.errorMs);
          }
        },
      ),
    );
  });
});

/** What may happen to a clock; real time passes in between. */
const event = fc.oneof(
  fc.record({ kind: fc.constant('pass'), ms: fc.nat(2 * HOUR) }),
  fc.record({ kind: fc.constant('step'), ms: fc.integer({ min: -50 * HOUR, max: 50 * HOUR }) }),
  fc.record({ kind: fc.constant('system'), ms: fc.constant(0) }),
  fc.record({ kind: fc.constant('lost'), ms: fc.constant(0) }),
  fc.record({ kind: fc.constant('hub'), ms: fc.nat(400) }),
  fc.record({ kind: fc.constant('read'), ms: fc.nat(3000) }),
);

describe('Whatever happens to the clock', () => {
  it('each reading is placed within two seconds of when it was taken, and none is lost to a step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -500 * HOUR, max: 50 * HOUR }),
        fc.array(event, { maxLength: 60 }),
        (skewMs, events) => {
          const { time, measure, pass, set, real } = world(skewMs);
          let skew = skewMs;
          const readings: { takenMs: number; stampMs: number }[] = [];
          for (const { kind, ms } of events) {
            if (kind === 'pass') pass(ms);
            if (kind === 'hub') measure(true, ms);
            if (kind === 'lost') time.hearSystem(ALONE, time.generation());
            if (kind === 'step') {
              skew += ms;
              set(skew);
            }
            if (kind === 'system') {
              skew = 0;
              set(0);
              time.now();
              time.hearSystem(SYNCHRONISED, time.generation());
            }
            if (kind !== 'read') continue;
            const takenMs = real();
            const tick = time.now();
            pass(ms);
            readings.push({ takenMs, stampMs: time.stamp(tick) });
          }
          measure();
          for (const { takenMs, stampMs } of readings) {
            expect(Math.abs(placed(time, stampMs) - takenMs)).toBeLessThanOrEqual(2000);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
