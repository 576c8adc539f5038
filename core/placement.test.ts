/** The placement rule: what is placed, what waits for which clock, what is refused; and that nothing is ever lost by it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FUTURE_TOLERANCE_MS, PAST_TOLERANCE_MS } from './log-api.ts';
import { placePack, placeTime, receiptMs } from './placement.ts';
import { MONOTONIC_LIMIT_MS, type Sample } from './senml.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;
const known = { offsetMs: NOW - HOUR, receivedMs: NOW, isHubTrusted: true };

describe('the placement of one stamp', () => {
  it.each([
    ['a stamp of now', NOW, known, { kind: 'placed', timeMs: NOW }],
    ['the last that counts', NOW - PAST_TOLERANCE_MS, known, { kind: 'placed', timeMs: NOW - PAST_TOLERANCE_MS }],
    ['the first that counts', NOW + FUTURE_TOLERANCE_MS, known, { kind: 'placed', timeMs: NOW + FUTURE_TOLERANCE_MS }],
    ['a time since boot', 5000, known, { kind: 'placed', timeMs: NOW - HOUR + 5000 }],
    ['a time since a boot of unknown clock', 5000, { ...known, offsetMs: null }, { kind: 'waits', for: 'boot' }],
    ['two hours ahead', NOW + 2 * HOUR, known, { kind: 'refused', timeMs: NOW + 2 * HOUR }],
    ['too old', NOW - PAST_TOLERANCE_MS - 1, known, { kind: 'refused' }],
    [
      'two hours ahead of a hub that does not know',
      NOW + 2 * HOUR,
      { ...known, isHubTrusted: false },
      { kind: 'waits', for: 'hub' },
    ],
    ['within the window of a hub that does not know', NOW, { ...known, isHubTrusted: false }, { kind: 'placed' }],
  ])('%s', (_name, stampMs, time, expected) => {
    expect(placeTime(stampMs, time)).toMatchObject(expected);
  });
});

it('places, keeps waiting or refuses every item of a pack, each exactly once', () => {
  const stamp = fc.oneof(
    fc.integer({ min: 0, max: MONOTONIC_LIMIT_MS - 1 }),
    fc.integer({ min: NOW - 2 * PAST_TOLERANCE_MS, max: NOW + HOUR }),
  );
  const time = fc.record({
    offsetMs: fc.option(fc.integer({ min: 0, max: NOW }), { nil: null }),
    receivedMs: fc.integer({ min: 0, max: NOW + HOUR }),
    isHubTrusted: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(stamp), time, (stamps, at) => {
      const samples = stamps.map(
        (timeMs): Sample => ({ device: 'm', point: 'importedWh', timeMs, value: 1, quality: 'good' }),
      );
      const pack = { edge: 'e', epoch: 'p', seq: 1, boot: 'b', samples, events: [] };
      const { placed, refused, waitsFor } = placePack(pack, at);
      const waiting = stamps.filter((one) => placeTime(one, at).kind === 'waits').length;
      expect(placed.samples.length + refused.length + waiting).toBe(stamps.length);
      expect(waitsFor === null).toBe(waiting === 0);
      if (!at.isHubTrusted) expect(refused).toEqual([]);
    }),
  );
});

describe('when a pack was received, as it is known later', () => {
  const receipt = { nowMs: NOW - 2 * HOUR, isTrusted: false, boot: 'b', upMs: 1000 };
  it.each([
    [
      'by elapsed time in the same life of the kernel',
      receipt,
      { nowMs: NOW, isTrusted: true, boot: 'b', upMs: 61_000 },
      NOW - 60_000,
    ],
    [
      'also when the clock was thought right',
      { ...receipt, isTrusted: true },
      { nowMs: NOW, isTrusted: true, boot: 'b', upMs: 61_000 },
      NOW - 60_000,
    ],
    ['before now, after another start', receipt, { nowMs: NOW, isTrusted: true, boot: 'c', upMs: 5 }, NOW],
    [
      'as it was stamped by a clock that was right',
      { ...receipt, isTrusted: true },
      { nowMs: NOW, isTrusted: true, boot: 'c', upMs: 5 },
      NOW - 2 * HOUR,
    ],
  ])('%s', (_name, then, now, expected) => {
    expect(receiptMs(then, now)).toBe(expected);
  });
});
