/** When a device's identity is asked for and told, and when a meter without energy is said to be misconfigured. */
import { CodedError } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import { createDeviceHealth } from './device-health.ts';
import { createIdentityWatch } from './identity-watch.ts';

describe('An identity', () => {
  const meter = { serial: '1' };
  const day = 86_400_000;

  it('is told first, when it changes, and once a day', () => {
    const watch = createIdentityWatch(() => 0);
    expect(watch.take(meter, 0)).toEqual(meter);
    expect(watch.take(meter, day - 1)).toBeNull();
    expect(watch.take(null, day)).toBeNull();
    expect(watch.take(meter, day)).toEqual(meter);
    expect(watch.take({ serial: '2' }, day + 1)).toEqual({ serial: '2' });
    expect(watch.take(meter, day + 2)).toEqual(meter);
  });

  it('is asked for at once after an absence, else seldom; and seldom where there is no answer', () => {
    let nowMs = 0;
    const watch = createIdentityWatch(() => nowMs);
    expect([watch.isDue(true), watch.isDue(false), watch.isDue(true)]).toEqual([true, false, true]);
    nowMs = 600_000;
    expect([watch.isDue(false), watch.isDue(false)]).toEqual([true, false]);
    watch.fail();
    expect(watch.isDue(true)).toBe(false);
    nowMs = 1_200_000;
    expect(watch.isDue(false)).toBe(true);
  });
});

describe('A meter that answers and never shows energy', () => {
  it('is misconfigured after a minute, with what came; and online when energy comes', () => {
    let nowMs = 0;
    const health = createDeviceHealth('home-9', new Set(), () => nowMs);
    const none = { isThere: false, came: 'seen 1-1:1.8.0*255; expected 1-0:1.8.0' };
    expect(health.succeed(none)?.state).toBe('online');
    nowMs = 59_999;
    expect(health.succeed(none)).toBeNull();
    nowMs = 60_000;
    expect(health.succeed(none)).toEqual({
      ...{ state: 'misconfigured', code: 'edge.no-energy-register' },
      reason: 'it shows no energy register: seen 1-1:1.8.0*255; expected 1-0:1.8.0',
    });
    expect(health.succeed(none)).toBeNull();
    expect(health.succeed({ isThere: true, came: '' })?.state).toBe('online');
    nowMs = 600_000;
    expect(health.succeed(none)).toBeNull();
  });

  it('that is away is unreachable, not misconfigured', () => {
    const health = createDeviceHealth('home-9', new Set(), () => 0);
    const { event } = health.fail(new CodedError('edge.p1-silent', 'no telegram came'), 0);
    expect(event?.state).toBe('unreachable');
  });
});
