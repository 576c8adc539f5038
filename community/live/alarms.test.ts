/** Alarms: found from a snapshot, begun once, ended when over; one cause, one alarm. */
import type { Device } from '@commonworks/core/api/index.ts';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../database.ts';
import type { RegisterBreak } from '../metering/list-judgements.ts';
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
  ...{ access: { isCurrent: true, sinceMs: 0 }, log: { behind: 0, sinceMs: null }, registerBreaks: [] },
};
const broken = (change: Partial<RegisterBreak['judgement']>): RegisterBreak => ({
  pointName: 'Household 3',
  judgement: {
    ...{ timeMs: NOW - 5000, register: 'importedWh', kind: 'reset' },
    ...{ beforeMwh: 800_000_000, afterMwh: 400_000, creditedMwh: 400_000 },
    ...change,
  },
});
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

  it('say of a register that broke off what was counted, and since when', () => {
    const jump = broken({ register: 'exportedWh', kind: 'swap', afterMwh: 9e9, creditedMwh: null });
    expect(findConditions({ ...well, registerBreaks: [broken({}), jump] })).toEqual([
      {
        ...{ code: 'live.register-restarted', subject: 'Household 3', severity: 'warning', sinceMs: NOW - 5000 },
        message: "The meter's register restarted from zero; 0.4 kWh were counted since then in that interval.",
      },
      {
        ...{ code: 'live.register-jumped', subject: 'Household 3, energy given' },
        ...{ severity: 'warning', sinceMs: NOW - 5000 },
        message:
          "The meter's register went from 800 kWh to 9000 kWh, which cannot have flowed: the interval is missing, and billed to nobody.",
      },
    ]);
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

  it('begin when the register broke off, anew when it does so again', async () => {
    await using db = await openDatabase(':memory:');
    const at = (timeMs: number) => findConditions({ ...well, registerBreaks: [broken({ timeMs })] });
    await updateAlarms(db, at(NOW - 9000), NOW);
    expect(await updateAlarms(db, at(NOW - 9000), NOW + 1)).toEqual([]);
    await updateAlarms(db, at(NOW - 1000), NOW + 2);
    const list = await listAlarms(db, { beforeMs: NOW + 9, limit: 10 });
    expect(list.map(({ sinceMs, untilMs }) => [sinceMs, untilMs])).toEqual([
      [NOW - 1000, null],
      [NOW - 9000, NOW + 2],
    ]);
  });
});
