/** The flow: sums of what is fresh, a residual only of what is whole, nothing live that is old. */

import type { MeteringRole } from '@commonworks/core/api/index.ts';
import { describe, expect, it } from 'vitest';
import type { PointRecord } from '../register/points.ts';
import { flowNow, memberNow } from './community-now.ts';
import { createLiveValues, type LiveValuesStore } from './live-values.ts';

const NOW = 1_000_000_000;
const EDGE = 'edge';
const point = (no: number, role: MeteringRole, device: string, member: string | null = null): PointRecord => ({
  ...{ no, id: `point-${no}`, name: device, role, member, ratedPowerW: null },
  assignments: [{ edge: EDGE, device, fromMs: 0, toMs: null, registerModulusWh: null }],
});
const POINTS = [
  point(1, 'producer', 'pv-1'),
  point(2, 'storage', 'bat-1'),
  point(3, 'grid', 'grid-1'),
  point(4, 'consumer', 'home-1', 'anna'),
  point(5, 'consumer', 'home-2', 'ben'),
  point(6, 'workshop', 'laser-1'),
];

function take(
  live: LiveValuesStore,
  device: string,
  powerW: number | null,
  options: { timeMs?: number; socPct?: number } = {},
) {
  const quality = powerW === null ? ('missing' as const) : ('good' as const);
  const soc = options.socPct === undefined ? {} : { socPct: { value: options.socPct, quality: 'good' as const } };
  const values = { activePowerW: { value: powerW, quality }, ...soc };
  live.take(EDGE, { device, timeMs: options.timeMs ?? NOW, values });
}

/** 5 kW of sun, 1 kW into the battery, homes 2.5 kW, laser 1 kW, 0.55 kW to the grid: 50 W unexplained. */
function sunny(): LiveValuesStore {
  const live = createLiveValues();
  take(live, 'pv-1', -5000);
  take(live, 'bat-1', 1000, { socPct: 55 });
  take(live, 'home-1', 500);
  take(live, 'home-2', 2000);
  take(live, 'laser-1', 1000);
  take(live, 'grid-1', -450);
  return live;
}
const nodeOf = (flow: ReturnType<typeof flowNow>, kind: string) => flow.nodes.find((node) => node.kind === kind);

describe('the flow', () => {
  it('sums by kind in the sign of the bus; grid = the others + residual', () => {
    const flow = flowNow(POINTS, sunny(), NOW);
    expect(nodeOf(flow, 'homes')).toMatchObject({
      powerW: 2500,
      devices: 2,
      devicesFresh: 2,
      isStale: false,
      quality: 'good',
    });
    expect(flow.residualW).toBe(-450 - (-5000 + 1000 + 2500 + 1000));
    expect(flow.socPct).toBe(55);
    // 4 kW of sun are left beside the battery for a use of 3.5 kW.
    expect(flow.ownCoverPct).toBe(100);
  });

  it('covers a part when sun and battery are not enough', () => {
    const live = sunny();
    take(live, 'pv-1', -700);
    take(live, 'bat-1', -350);
    expect(flowNow(POINTS, live, NOW).ownCoverPct).toBe(30);
    take(live, 'bat-1', 5000);
    expect(flowNow(POINTS, live, NOW).ownCoverPct).toBe(0);
  });

  it('with homes metered alone does not say where their energy comes from; a meter at the grid or the sun does', () => {
    const homes = POINTS.filter(({ role }) => role === 'consumer');
    const at = (...roles: MeteringRole[]) => [...homes, ...POINTS.filter(({ role }) => roles.includes(role))];
    expect(flowNow(homes, sunny(), NOW)).toMatchObject({ residualW: null, ownCoverPct: null });
    expect(flowNow(at('grid'), sunny(), NOW).ownCoverPct).toBe(0);
    expect(flowNow(at('producer'), sunny(), NOW)).toMatchObject({ residualW: null, ownCoverPct: 100 });
  });

  it('with a part missing tells the rest, marks it, and computes nothing from it', () => {
    const live = sunny();
    take(live, 'home-2', null, { timeMs: NOW + 1 });
    const flow = flowNow(POINTS, live, NOW + 1);
    expect(nodeOf(flow, 'homes')).toMatchObject({ powerW: 500, devices: 2, devicesFresh: 1, isStale: true });
    expect(flow).toMatchObject({ residualW: null, ownCoverPct: null });
  });

  it('never shows as live what is older than three periods', () => {
    const live = sunny();
    const fresh = flowNow(POINTS, live, NOW + 30_000);
    expect(nodeOf(fresh, 'sun')).toMatchObject({ powerW: -5000, isStale: false, sinceMs: NOW });
    const stale = flowNow(POINTS, live, NOW + 30_001);
    for (const node of stale.nodes)
      expect(node).toMatchObject({ powerW: null, isStale: true, quality: 'missing', sinceMs: NOW });
    expect(stale).toMatchObject({ residualW: null, socPct: null });
  });

  it('a kind that is not there adds nothing; without a grid meter there is no balance', () => {
    const without = (role: MeteringRole) =>
      flowNow(
        POINTS.filter((one) => one.role !== role),
        sunny(),
        NOW,
      );
    expect(nodeOf(without('workshop'), 'workshop')).toMatchObject({ powerW: null, devices: 0, isStale: false });
    expect(without('workshop').residualW).toBe(-450 - (-5000 + 1000 + 2500));
    expect(without('grid').residualW).toBeNull();
  });

  it('takes a late value for what it is, and no more devices than it can hold', () => {
    const live = sunny();
    expect(
      live.take(EDGE, { device: 'pv-1', timeMs: NOW - 1, values: { activePowerW: { value: 1, quality: 'good' } } }),
    ).toBe(false);
    let taken = 0;
    for (let n = 0; n < 12_000; n++)
      if (live.take(`edge-${n % 20}`, { device: `d-${n}`, timeMs: NOW, values: {} })) taken++;
    expect(taken).toBe(10_000 - 6);
  });
});

describe("a member's own", () => {
  const mine = (live: LiveValuesStore, weights: Map<string, number> | null = null) =>
    memberNow('anna', { points: POINTS, live, nowMs: NOW, weights });
  it('is covered pro rata by what all produce', () => {
    const live = sunny();
    take(live, 'pv-1', -1750);
    expect(mine(live)).toEqual({ atMs: NOW, consumptionW: 500, coveredW: 250, isStale: false });
    take(live, 'pv-1', -9000);
    expect(mine(live).coveredW).toBe(500);
  });
  it('or by the shares they hold', () => {
    const live = sunny();
    take(live, 'pv-1', -1000);
    const shares = new Map([
      ['anna', 25],
      ['ben', 25],
      ['community', 50],
    ]);
    expect(mine(live, shares).coveredW).toBe(250);
  });
  it('is not known while a part is not', () => {
    const live = sunny();
    take(live, 'home-2', null, { timeMs: NOW });
    expect(mine(live)).toMatchObject({ consumptionW: 500, coveredW: null, isStale: false });
    take(live, 'home-1', null, { timeMs: NOW });
    expect(mine(live)).toMatchObject({ consumptionW: null, coveredW: null, isStale: true });
  });
});
