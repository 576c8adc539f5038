/** Alarms: found from a snapshot, begun once, ended when over; one cause, one alarm. */

import type { HubTimeState } from '@commonworks/core';
import type { Device } from '@commonworks/core/api/index.ts';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../database.ts';
import type { RegisterBreak } from '../metering/list-judgements.ts';
import { listAlarms, reportIncident, updateAlarms } from './alarms.ts';
import { findConditions, type Snapshot } from './conditions.ts';
import type { EdgeSeen } from './edge-conditions.ts';
import { forgetEnded } from './forget-ended.ts';

const NOW = 1_000_000_000;
const device = (change: Partial<Device>): Device => ({
  ...{ edge: 'e', edgeName: 'roof', device: 'pv-1', title: 'Inverter', profile: '', state: 'online', reason: '' },
  ...{ lastSeenMs: NOW, isStale: false, quality: 'good', values: [], commands: [], backlog: 0 },
  ...change,
});
const edge = (state: EdgeSeen['state'], change: Partial<EdgeSeen> = {}): EdgeSeen => ({
  ...{ name: 'roof', state, enrolledMs: NOW - 3_600_000, refusal: null, misdeeds: [] },
  ...change,
});
const hubTime = (change: Partial<HubTimeState>): HubTimeState => ({
  ...{ nowMs: NOW, isTrusted: true, source: 'system', errorMs: 20, correctionMs: 0, measuredMs: NOW, untilMs: null },
  ...change,
});
const well: Snapshot = {
  ...{ nowMs: NOW, isBrokerConnected: true, devices: [device({})], edges: [edge('online')] },
  ...{ zone: 'Europe/Vienna', isBrokerKnown: true, stillInForce: [] },
  ...{ access: { isCurrent: true, sinceMs: 0 }, log: { behind: 0, sinceMs: null }, registerBreaks: [], edgesOver: [] },
  stored: { state: null, names: new Map(), replacedMs: null },
  hubTime: hubTime({}),
  backup: null,
  audit: [],
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

describe('alarms of one edge', () => {
  it('are few, however many devices are at fault, and those of another stand beside', () => {
    const evil = Array.from({ length: 500 }, (_, n) =>
      device({ edge: 'x', edgeName: 'evil', device: `d-${n}`, state: 'unreachable' }),
    );
    const found = findConditions({ ...well, devices: [...evil, device({ state: 'unreachable' })] });
    expect(found).toHaveLength(22);
    expect(found.at(20)).toMatchObject({
      subject: 'more devices at evil',
      message: 'It is so with 480 more devices of the edge evil.',
    });
    expect(found.at(21)).toMatchObject({ subject: 'pv-1 at roof', edge: 'roof' });
  });

  it('are one when it brings more than it may, with all that it is', () => {
    const edgesOver = ['its readers', 'its machines'].map((reason, n) => ({
      edgeName: 'evil',
      reason,
      sinceMs: 5 - n,
    }));
    expect(findConditions({ ...well, edgesOver })).toMatchObject([
      { code: 'live.edge-over-budget', subject: 'edge evil', sinceMs: 4, edge: 'evil' },
    ]);
  });

  it('push out their own when they are over, and nobody else is left without', async () => {
    await using db = await openDatabase(':memory:');
    const incident = (edge: string, n: number) => ({
      ...({ code: 'live.data-gap', subject: `edge ${edge}`, severity: 'alarm', message: `${n}`, edge } as const),
    });
    await reportIncident(db, incident('roof', 0), 1);
    await db.transaction().execute(async (tx) => {
      for (let n = 0; n < 1010; n++) await reportIncident(tx, incident('evil', n), 100 + n);
    });
    const listed = await listAlarms(db, { beforeMs: 10_000, limit: 2000 });
    expect(listed.filter(({ subject }) => subject === 'edge evil')).toHaveLength(1000);
    expect(listed.filter(({ subject }) => subject === 'edge roof')).toHaveLength(1);
    await forgetEnded(db, new Set(), { perEdge: 1000, hub: 1000, total: 10 });
    const left = await listAlarms(db, { beforeMs: 10_000, limit: 2000 });
    expect([left.length, left.filter(({ subject }) => subject === 'edge roof').length]).toEqual([10, 1]);
  });
});

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
      { edges: [edge('offline')], devices: [device({ state: 'edge-offline', isStale: true })] },
      ['live.edge-offline'],
    ],
    ['an edge has never connected', { edges: [edge('never-seen')] }, ['live.edge-never-seen']],
    ['an edge was just enrolled', { edges: [edge('never-seen', { enrolledMs: NOW - 60_000 })] }, []],
    ['the broker has not told its statuses yet', { edges: [edge('never-seen')], isBrokerKnown: false }, []],
    [
      'a failed command may still act',
      {
        stillInForce: [{ command: 'c1', edge: 'e', device: 'pv-1', kind: 'setPowerLimitPct', detail: 'x', sinceMs: 1 }],
      },
      ['live.command-still-in-force'],
    ],
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

  it('say why an edge was not let in, when, and from where', () => {
    const refusal = {
      edge: 'e',
      atMs: NOW - 120_000,
      code: 'broker.login-refused',
      reason: 'wrong secret',
      address: '10.0.0.9',
    };
    const words = (seen: EdgeSeen) => findConditions({ ...well, edges: [seen] })[0]?.message;
    expect(words(edge('never-seen'))).toBe(
      'The edge roof has never connected. Nobody with its id has tried to since the broker started.',
    );
    expect(words(edge('never-seen', { refusal }))).toBe(
      'The edge roof has never connected. The broker last refused it at 14:44, from 10.0.0.9: wrong secret.',
    );
    expect(words(edge('offline', { refusal: { ...refusal, atMs: NOW - 86_400_000 } }))).toBe(
      'The edge roof is not connected. The broker last refused it at 1970-01-11 14:46, from 10.0.0.9: wrong secret.',
    );
  });

  it('say of an edge that was cut why and how often, and of one that is there twice only that', () => {
    const misdeed = (code: string, reason: string, count: number) => {
      return { user: 'e', code, reason, address: '', count, sinceMs: NOW - 9000, lastMs: NOW };
    };
    const cut = misdeed('broker.budget-exceeded', 'it sends its status all the time', 3);
    const shared = misdeed('broker.client-id-shared', 'two agents share this id: they threw each other out 5 times', 1);
    const slow = misdeed('broker.client-too-slow', 'it does not read', 2);
    const of = (misdeeds: EdgeSeen['misdeeds']) => findConditions({ ...well, edges: [edge('online', { misdeeds })] });
    expect(of([cut, slow])).toEqual([
      {
        ...{ code: 'live.edge-misbehaves', subject: 'edge roof', severity: 'alarm', sinceMs: NOW - 9000, edge: 'roof' },
        message:
          'The edge roof was cut or held back 3 times: it sends its status all the time. The other edges are served as ever.',
      },
    ]);
    expect(of([cut, shared]).map(({ code }) => code)).toEqual(['live.edge-cloned']);
    expect(of([slow])).toEqual([]);
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

  it('go on under one id while more becomes known', async () => {
    await using db = await openDatabase(':memory:');
    const [before] = findConditions({ ...well, edges: [edge('never-seen')] });
    if (before === undefined) throw new Error('an alarm is wanted');
    const [id] = await updateAlarms(db, [before], 1);
    expect(await updateAlarms(db, [{ ...before, message: 'wrong secret' }], 2)).toEqual([id]);
    const list = await listAlarms(db, { beforeMs: 100, limit: 10 });
    expect(list).toMatchObject([{ message: 'wrong secret', sinceMs: 1, untilMs: null }]);
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

describe('clocks', () => {
  const clock = (offsetMs: number | null, source: 'system' | 'hub' | 'none') => ({
    ...{ isTrusted: source === 'system', source, offsetMs, errorMs: 5, measuredMs: NOW },
  });
  const told = (offsetMs: number | null, source: 'system' | 'hub' | 'none') =>
    findConditions({ ...well, edges: [{ ...edge('online'), clock: clock(offsetMs, source) }] });

  it('off by more than two seconds are an alarm that names the agent, by how much and which way', () => {
    expect(told(1999, 'system')).toEqual([]);
    expect(told(12_400, 'hub')).toMatchObject([
      { code: 'live.clock-skewed', severity: 'alarm', message: "The clock of roof is 12 s ahead of the hub's." },
    ]);
    expect(told(-600_000, 'hub')[0]?.message).toBe("The clock of roof is 10 min behind the hub's.");
    expect(told(-56.8 * 365.25 * 86_400_000, 'hub')[0]?.message).toContain('57 years behind');
  });

  it('that nobody vouches for are told, and so is a hub whose time is not known', () => {
    expect(told(null, 'none')).toMatchObject([{ code: 'live.clock-unknown', severity: 'warning' }]);
    const unknown = findConditions({ ...well, hubTime: hubTime({ isTrusted: false, source: 'none', errorMs: null }) });
    expect(unknown).toMatchObject([{ code: 'live.hub-time-unknown', subject: 'hub', severity: 'alarm' }]);
  });
});
