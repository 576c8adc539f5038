/** Alarms: found from a snapshot, begun once, ended when over; one cause, one alarm. */
import type { Device } from '@commonworks/core/api/index.ts';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../database.ts';
import { listAlarms, reportIncident, updateAlarms } from './alarms.ts';
import { findConditions, type Snapshot } from './conditions.ts';

const NOW = 1_000_000_000;
const device = (change: Partial<Device>): Device => ({
  ...{ edge: 'e', edgeName: 'roof', device: 'pv-1', title: 'Inverter', profile: '', state: 'online', reason: '' },
  ...{ lastSeenMs: NOW, isStale: false, quality: 'good', values: [], commands: [], backlog: 0 },
  ...change,
});
const well: Snapshot = {
  ...{ nowMs: NOW, isBrokerConnected: true, devices: [device({})], edges: [{ name: 'roof', state: 'online' }] },
  ...{ access: { isCurrent: true, sinceMs: 0 }, log: { behind: 0, sinceMs: null } },
};
const codes = (change: Partial<Snapshot>) => findConditions({ ...well, ...change }).map((one) => one.code);

describe('conditions', () => {
  it.each<[string, Partial<Snapshot>, string[]]>([
    ['all is well', {}, []],
    [
      'the broker is away, so nothing else can be judged',
      { isBrokerConnected: false, devices: [device({ isStale: true })] },
      ['live.broker-unreachable'],
    ],
    [
      'an edge is offline',
      { edges: [{ name: 'roof', state: 'offline' }], devices: [device({ state: 'edge-offline', isStale: true })] },
      ['live.edge-offline'],
    ],
    ['an edge that never came is no alarm', { edges: [{ name: 'roof', state: 'never-seen' }] }, []],
    [
      'a device cannot be reached',
      { devices: [device({ state: 'unreachable', isStale: true })] },
      ['live.device-unreachable'],
    ],
    ['a device is silent', { devices: [device({ isStale: true })] }, ['live.values-stale']],
    ['a device was never heard', { devices: [device({ state: 'never-seen', isStale: true })] }, []],
    ['the access list is on its way', { access: { isCurrent: false, sinceMs: NOW - 10_000 } }, []],
    ['the access list is old', { access: { isCurrent: false, sinceMs: NOW - 61_000 } }, ['live.access-sync-old']],
    ['the derivation catches up', { log: { behind: 500, sinceMs: NOW - 5000 } }, []],
    ['the derivation stays behind', { log: { behind: 500, sinceMs: NOW - 61_000 } }, ['live.log-behind']],
  ])('%s', (_name, change, wanted) => {
    expect(codes(change)).toEqual(wanted);
  });
});

describe('alarms', () => {
  it('begin once, end once, and begin anew', async () => {
    await using db = await openDatabase(':memory:');
    const stale = findConditions({ ...well, devices: [device({ isStale: true })] });
    expect(await updateAlarms(db, stale, 1)).toHaveLength(1);
    expect(await updateAlarms(db, stale, 2)).toEqual([]);
    expect(await updateAlarms(db, [], 3)).toHaveLength(1);
    expect(await updateAlarms(db, [], 4)).toEqual([]);
    await updateAlarms(db, stale, 5);
    await reportIncident(db, { code: 'live.data-gap', subject: 'edge roof', severity: 'alarm', message: 'x' }, 6);
    const list = await listAlarms(db, { beforeMs: 100, limit: 10 });
    expect(list.map(({ code, sinceMs, untilMs }) => [code, sinceMs, untilMs])).toEqual([
      ['live.values-stale', 5, null],
      ['live.data-gap', 6, 6],
      ['live.values-stale', 1, 3],
    ]);
    expect(list[0]?.remedy).toContain('Check the device');
  });
});
