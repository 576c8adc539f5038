/** Packs that wait: for the hub's time, for the clock of their boot, and longer than is kept here. */
import { encodePack, type HubMoment, type LogEntry, type LogPage } from '@commonworks/core';
import { expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { addPoint, assignDevice } from '../register/points.ts';
import { createTurns, followLog } from './follow-log.ts';
import { metredCursor } from './process-page.ts';
import { testPage } from './test-page.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [community, edge, epoch, boot, hubBoot] = [uuid(1), uuid(2), uuid(3), uuid(4), uuid(5)] as const;
const T0 = Date.UTC(2026, 9, 1);
const Q = 900_000;
const HOUR = 3_600_000;

async function opened(): Promise<Db> {
  const db = await openDatabase(':memory:');
  await addPoint(db, { community, id: uuid(10), name: 'Home', role: 'consumer', member: null });
  await assignDevice(db, uuid(10), { edge, device: 'home', fromMs: T0 - 24 * HOUR, toMs: null });
  return db;
}

type Stamped = { readonly stampMs: number; readonly receivedMs: number; readonly isHubTrusted?: boolean };

/** Readings of 100 Wh a quarter hour. */
function entry(seq: number, at: Stamped, events: { type: string; body: object }[] = []): LogEntry {
  const { stampMs, receivedMs, isHubTrusted = true } = at;
  const sample = { device: 'home', point: 'importedWh', timeMs: stampMs, value: 100 * seq, quality: 'good' } as const;
  const told = events.map(({ type, body }) => ({ device: 'edge', type, timeMs: stampMs, body: { ...body } }));
  const body = encodePack({ edge, epoch, seq, boot, samples: [sample], events: told });
  return { cursor: seq, edge, epoch, seq, receivedMs, hash: '', body, ...(isHubTrusted ? {} : { isHubTrusted }) };
}

/** Follows to the end of the log, as the worker does after each change. */
async function follow(db: Db, log: readonly LogEntry[], hub: HubMoment): Promise<void> {
  const stop = new AbortController();
  const readPage = async (after: number, waitMs: number): Promise<LogPage> => {
    const entries = log.filter(({ cursor }) => cursor > after);
    if (entries.length === 0 && waitMs > 0) stop.abort();
    return testPage(entries, entries.at(-1)?.cursor ?? after, log.length);
  };
  const events = { onPage: async () => {}, onFault: (fault: unknown) => expect(fault).toBeNull() };
  await followLog(db, { readPage, listeners: [], inTurn: createTurns(), hub: () => hub, events }, stop.signal);
}

const energies = async (db: Db) =>
  (await db.selectFrom('interval').select('energy_mwh').orderBy('start_ms').execute()).map((row) => row.energy_mwh);
const reasons = async (db: Db) =>
  (await db.selectFrom('pending_pack').select('reason').orderBy('cursor').execute()).map((row) => row.reason);

const hubAt = (nowMs: number, isTrusted: boolean, upMs: number, life: string = hubBoot): HubMoment => ({
  ...{ nowMs, isTrusted, upMs, boot: life },
});
/** Twenty quarter hours of an edge whose clock is right, received by a hub that is two hours behind. */
const behind = (isHubTrusted: boolean) =>
  Array.from({ length: 20 }, (_, k) => {
    const stampMs = T0 + k * Q;
    return entry(k + 1, { stampMs, receivedMs: stampMs - 2 * HOUR, isHubTrusted });
  });
const END = T0 + 19 * Q;

it.each([
  ['its clock is set', hubAt(END + 1000, false, 20 * Q + 1000)],
  ['its time is confirmed', hubAt(END + 1000, true, 20 * Q + 1000)],
  ['it is started again with the right time', hubAt(END + HOUR, true, 5, uuid(6))],
])('what an untrusted hub two hours behind received becomes intervals when %s', async (_, later) => {
  await using db = await opened();
  const log = behind(false);
  await follow(db, log, hubAt(END - 2 * HOUR, false, 20 * Q));
  expect([await energies(db), (await reasons(db)).length, await metredCursor(db)]).toEqual([[], 20, 20]);
  await follow(db, log, later);
  expect(await energies(db)).toEqual(Array.from({ length: 19 }, () => 100_000));
  expect(await reasons(db)).toEqual([]);
});

it('what a hub refused whose clock was thought right becomes intervals when that is set; what is truly ahead does not', async () => {
  await using db = await opened();
  const ahead = entry(21, { stampMs: END + 3 * HOUR, receivedMs: END - 2 * HOUR });
  const log = [...behind(true), ahead];
  await follow(db, log, hubAt(END - 2 * HOUR, true, 20 * Q));
  expect([await energies(db), new Set(await reasons(db))]).toEqual([[], new Set(['refused'])]);
  await follow(db, log, hubAt(END + 60_000, true, 20 * Q + 60_000));
  expect(await energies(db)).toEqual(Array.from({ length: 19 }, () => 100_000));
  expect(await reasons(db)).toEqual(['refused']);
});

it('reads again from the log what waited beyond what is kept here, once its clock is told', async () => {
  await using db = await opened();
  const log = [0, 1, 2].map((k) => entry(k + 1, { stampMs: 1000 + k * Q, receivedMs: T0 + 3 * Q }));
  const hub = hubAt(T0 + 3 * Q, true, 3 * Q);
  await follow(db, log, hub);
  expect(await reasons(db)).toEqual(['boot', 'boot', 'boot']);
  await db.updateTable('pending_pack').set({ entry: '' }).where('cursor', '>', 1).execute();
  const clock = { type: 'clock', body: { boot, offsetMs: T0 - 1000 } };
  log.push(entry(4, { stampMs: T0 + 3 * Q, receivedMs: T0 + 3 * Q }, [clock]));
  await follow(db, log, hub);
  expect(await energies(db)).toEqual([100_000, 100_000, 100_000]);
  expect(await reasons(db)).toEqual([]);
});
