/** What is known live: bounded for each edge, and forgotten when the edge announces other devices. */
import type { EdgeStatus } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import { deviceViews } from './device-views.ts';
import { createLiveValues } from './live-values.ts';

const values = { activePowerW: { value: 1, quality: 'good' as const } };

function announcing(devices: readonly string[]): EdgeStatus {
  const described = { profile: 'p', title: 't', points: [], commands: ['setRelay'], periodMs: 1000 };
  return {
    ...{ state: 'online', sinceMs: 0, boot: 'b', version: '1', backlog: 0 },
    devices: devices.map((device) => ({ device, ...described })),
  };
}

describe('live values', () => {
  it('leave room for other edges when one invents devices', () => {
    const live = createLiveValues();
    for (let n = 0; n < 12_000; n++) live.take('evil', { device: `d-${n}`, timeMs: 1, values });
    expect(live.take('evil', { device: 'one-more', timeMs: 1, values })).toBe(false);
    expect(live.take('evil', { device: 'd-0', timeMs: 2, values })).toBe(true);
    expect(live.take('good', { device: 'home-1', timeMs: 1, values })).toBe(true);
  });

  it('take room for an honest edge from the one that has most, however many fill theirs', () => {
    const live = createLiveValues(undefined, 60);
    for (const evil of ['evil-1', 'evil-2', 'evil-3']) {
      for (let n = 0; n < 30; n++) live.take(evil, { device: `d-${n}`, timeMs: 1, values });
    }
    for (let n = 0; n < 10; n++) expect(live.take('good', { device: `home-${n}`, timeMs: 1, values })).toBe(true);
    for (let n = 0; n < 30; n++) live.take('evil-4', { device: `d-${n}`, timeMs: 1, values });
    for (let n = 0; n < 10; n++) expect(live.device('good', `home-${n}`)).toBeDefined();
    expect(live.known()).toHaveLength(60);
  });

  it('forget what an edge announced when it announces something else', () => {
    const live = createLiveValues();
    live.takeStatus('good', announcing(['relay']));
    for (let n = 0; n < 20; n++) {
      live.takeStatus('evil', announcing(Array.from({ length: 2500 }, (_, i) => `d-${n}-${i}`)));
    }
    expect(live.known()).toHaveLength(2001);
    expect(live.announced('evil', 'd-0-0')).toBeUndefined();
    expect(live.announced('good', 'relay')).toBeDefined();
  });

  it('know a thousand devices of one edge, and keep them when only its status comes', () => {
    const live = createLiveValues();
    const { devices = [], ...status } = announcing(Array.from({ length: 1000 }, (_, n) => `d-${n}`));
    live.takeStatus('large', status);
    live.takeDevices('large', devices);
    live.takeStatus('large', { ...status, state: 'offline' });
    expect(live.known()).toHaveLength(1000);
    expect(live.status('large')?.state).toBe('offline');
    live.takeDevices('large', devices.slice(0, 3));
    expect(live.known()).toHaveLength(3);
  });

  it('are listed by the names of their edges and devices, numbers as people count', () => {
    const live = createLiveValues();
    live.takeStatus('0-workshop', announcing(['saw']));
    live.takeStatus('1-roof', announcing(['home-10', 'home-2']));
    const edges = [
      { id: '0-workshop', name: 'workshop' },
      { id: '1-roof', name: 'roof' },
    ];
    const views = deviceViews(live, { nowMs: 0, edges, reach: () => undefined });
    expect(views.map(({ device }) => device)).toEqual(['home-2', 'home-10', 'saw']);
  });
});

describe('live values and clocks', () => {
  const T0 = Date.UTC(2026, 10, 20);
  function clocked() {
    const at = { wallMs: T0, elapsedMs: 5000 };
    const live = createLiveValues({ now: () => at.wallMs, elapsed: () => at.elapsedMs });
    live.takeStatus('roof', announcing(['pv']));
    const take = (stampMs: number, watts = 1) =>
      live.take('roof', { device: 'pv', timeMs: stampMs, values: { activePowerW: { value: watts, quality: 'good' } } });
    const pass = (ms: number) => {
      at.wallMs += ms;
      at.elapsedMs += ms;
    };
    return {
      live,
      at,
      take,
      pass,
      watts: () => live.fresh('roof', 'pv', { point: 'activePowerW', nowMs: at.wallMs })?.value,
    };
  }

  it('one stamp a day ahead freezes nothing: the next value is taken, and the agent is told of', () => {
    const { live, take, pass, watts } = clocked();
    expect(take(T0 + 86_400_000, 1)).toBe(true);
    expect(live.device('roof', 'pv')?.timeMs).toBe(T0);
    pass(1000);
    expect(take(T0 + 1000, 2)).toBe(true);
    expect(watts()).toBe(2);
    expect(live.ahead()).toEqual([{ edge: 'roof', byMs: 86_400_000 }]);
    pass(121_000);
    expect(live.ahead()).toEqual([]);
  });

  it('a value goes stale by its arrival, whatever its stamp says and whatever the clock of the hub is set to', () => {
    const { live, at, take, pass, watts } = clocked();
    take(T0 + 1500, 7);
    pass(5001);
    expect([live.isStale('roof', 'pv', at.wallMs), watts()]).toEqual([true, undefined]);
    take(T0 - 60_000, 8);
    at.wallMs += 7_200_000;
    expect([live.isStale('roof', 'pv', at.wallMs), watts()]).toEqual([false, 8]);
  });

  it('goes on when the clock of the hub is set back, or that of the agent', () => {
    const { at, take, pass, watts } = clocked();
    take(T0, 1);
    at.wallMs -= 3_600_000;
    expect([take(T0 - 3_600_000, 2), watts()]).toEqual([true, 2]);
    pass(6000);
    expect([take(T0 - 9_000_000, 3), watts()]).toEqual([true, 3]);
  });

  it('leaves a value that is late on the way behind the newer one', () => {
    const { take, pass, watts } = clocked();
    take(T0, 1);
    pass(100);
    expect([take(T0 - 1000, 2), watts()]).toEqual([false, 1]);
  });

  it('knows the stamps of an agent whose time service is wrong in the time of the hub', () => {
    const { live, take } = clocked();
    const clock = { isTrusted: true, source: 'system' as const, offsetMs: 60_000, errorMs: 5, measuredMs: T0 };
    live.takeStatus('roof', { ...announcing(['pv']), clock });
    take(T0 + 60_000);
    expect([live.device('roof', 'pv')?.timeMs, live.ahead()]).toEqual([T0, []]);
  });
});
