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
    for (let n = 0; n < 6000; n++) live.take('evil', { device: `d-${n}`, timeMs: 1, values });
    expect(live.take('evil', { device: 'one-more', timeMs: 1, values })).toBe(false);
    expect(live.take('evil', { device: 'd-0', timeMs: 2, values })).toBe(true);
    expect(live.take('good', { device: 'home-1', timeMs: 1, values })).toBe(true);
  });

  it('forget what an edge announced when it announces something else', () => {
    const live = createLiveValues();
    live.takeStatus('good', announcing(['relay']));
    for (let n = 0; n < 20; n++) {
      live.takeStatus('evil', announcing(Array.from({ length: 600 }, (_, i) => `d-${n}-${i}`)));
    }
    expect(live.known()).toHaveLength(501);
    expect(live.announced('evil', 'd-0-0')).toBeUndefined();
    expect(live.announced('good', 'relay')).toBeDefined();
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
