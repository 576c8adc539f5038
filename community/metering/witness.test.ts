/** What a device says beside its register: its power against a register that stands still, its serial number for an exchange. */
import { type EventRecord, encodePack, type LogEntry, qualityOfRank, type Sample } from '@commonworks/core';
import type { Seed } from '@commonworks/core/seed.ts';
import { describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { recordSwap } from '../meter-swap/record-swap.ts';
import { applySeed } from '../register/apply-seed.ts';
import { listPoints } from '../register/points.ts';
import { listJudgements, registerBreaks } from './list-judgements.ts';
import { processPage } from './process-page.ts';
import { serveRequests } from './serve-requests.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const T0 = Date.UTC(2026, 9, 5);
const Q = 900_000;

async function seeded(): Promise<Db> {
  const db = await openDatabase(':memory:');
  const assignments = [{ edge: uuid(2), device: 'a', fromMs: 0, toMs: null }];
  const seed: Seed = {
    members: [{ id: uuid(5), name: 'Theo', email: null, roles: ['treasurer'], joinedMs: 0 }],
    ...{ transfers: [], edges: [], machines: [], badges: [], bookings: [] },
    meteringPoints: [{ id: uuid(10), name: 'Home', role: 'consumer', member: null, ratedPowerW: 24_000, assignments }],
    tariffs: [{ id: uuid(20), fromMs: 0, method: 'pro-rata', internalPrice: '12', gridPrice: '30', feedInPrice: '6' }],
  };
  await applySeed(db, seed, { community: uuid(1) });
  return db;
}

let cursor = 0;
async function feed(db: Db, samples: readonly Sample[], events: readonly EventRecord[] = []): Promise<void> {
  cursor++;
  const keys = { edge: uuid(2), epoch: uuid(3), seq: cursor };
  const body = encodePack({ ...keys, boot: uuid(4), samples, events });
  const entry: LogEntry = { ...keys, cursor, receivedMs: Date.UTC(2026, 11, 1), hash: '', body };
  await processPage(db, { entries: [entry], next: cursor }, []);
  await serveRequests(db);
}

const at = (k: number, point: 'importedWh' | 'activePowerW', value: number): Sample => ({
  ...{ device: 'a', point, timeMs: T0 + k * Q, value, quality: 'good' },
});
const serial = (k: number, value: string): EventRecord => ({
  ...{ device: 'a', type: 'identity', timeMs: T0 + k * Q, body: { serial: value } },
});
const energies = async (db: Db) =>
  (await db.selectFrom('interval').select('energy_mwh').orderBy('start_ms').execute()).map((row) => row.energy_mwh);
const qualities = async (db: Db) =>
  (await db.selectFrom('interval').select('quality').orderBy('start_ms').execute()).map((row) =>
    qualityOfRank(row.quality),
  );
const judged = async (db: Db) =>
  (await listJudgements(db, 1, { span: { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }, limit: 100 }))
    .toReversed()
    .map((one) => [(one.timeMs - T0) / Q, one.kind]);

/** Read three times a quarter hour. */
const powers = (fromK: number, toK: number, watts = 1000) =>
  Array.from({ length: 3 * (toK - fromK) }, (_, i) => at(fromK + i / 3, 'activePowerW', watts));

describe('a register beside the power of its own device', () => {
  it('that stands still for hours is missing, not zero, and an alarm', async () => {
    await using db = await seeded();
    for (let k = 0; k < 12; k++) {
      const register = 10_000 + 250 * Math.min(k, 4);
      await feed(db, [at(k, 'importedWh', register), ...powers(k, k + 1)]);
    }
    expect(await energies(db)).toEqual([250_000, 250_000, 250_000, 250_000, ...Array(7).fill(null)]);
    expect((await judged(db)).map(([, kind]) => kind)).toContain('frozen');
    expect(await registerBreaks(db, T0)).toMatchObject([{ pointName: 'Home', judgement: { kind: 'frozen' } }]);
  });

  it('that makes it good at once was slow: the energy is spread over the time in which it flowed', async () => {
    await using db = await seeded();
    for (let k = 0; k < 12; k++) {
      const register = 10_000 + 250 * (k < 5 || k > 9 ? k : 4);
      await feed(db, [at(k, 'importedWh', register), ...powers(k, k + 1)]);
    }
    expect(await energies(db)).toEqual(Array(11).fill(250_000));
    expect((await judged(db)).map(([, kind]) => kind)).toEqual(['slow']);
    expect(await registerBreaks(db, T0)).toEqual([]);
  });

  it('is not judged by one sample for a quarter hour, as where readings come that seldom', async () => {
    await using db = await seeded();
    for (let k = 0; k < 8; k++) {
      await feed(db, [at(k, 'importedWh', 10_000 + 250 * (k < 4 ? k : k - 1)), at(k, 'activePowerW', 1000)]);
    }
    expect(await energies(db)).toEqual([250_000, 250_000, 250_000, 0, 250_000, 250_000, 250_000]);
    expect(await judged(db)).toEqual([]);
  });

  it('that stands still for one quarter hour over a kettle of 45 Wh stays what it is', async () => {
    await using db = await seeded();
    for (let k = 0; k < 8; k++) {
      const watts = k === 3 ? 180 : 0;
      const power = [0, 1, 2].map((i) => at(k + i / 3, 'activePowerW', watts));
      await feed(db, [at(k, 'importedWh', 10_000), ...power]);
    }
    expect(await energies(db)).toEqual(Array(7).fill(0));
    expect(await judged(db)).toEqual([]);
  });

  it('of a battery that swings is believed over a few powers read by chance while it charged', async () => {
    await using db = await seeded();
    for (let k = 0; k < 8; k++) {
      const swinging = [
        at(k, 'activePowerW', 1172),
        at(k + 0.43, 'activePowerW', -540),
        at(k + 0.79, 'activePowerW', -600),
      ];
      await feed(db, [
        at(k, 'importedWh', 10_000 + 10 * Math.max(0, k - 4)),
        ...(k === 3 ? swinging : powers(k, k + 1, 0)),
      ]);
    }
    expect(await energies(db)).toEqual([0, 0, 0, 0, 10_000, 10_000, 10_000]);
    expect(await qualities(db)).toEqual([...Array(5).fill('estimated'), 'good', 'good']);
    expect(await judged(db)).toEqual([]);
  });

  it('that is renewed every 40 minutes is never good, although a single standstill proves little', async () => {
    await using db = await seeded();
    const minutes = (from: number, to: number) => Array.from({ length: (to - from) / 5 }, (_, i) => from + 5 * i);
    // A standby of 100 W, and a load that begins in the middle of a standstill.
    const wattsAt = (minute: number) => (minute >= 215 && minute < 255 ? 5000 : 100);
    const shown = (minute: number) => minutes(0, minute - (minute % 40)).reduce((wh, m) => wh + wattsAt(m) / 12, 0);
    for (let k = 0; k < 24; k++) {
      const times = minutes(15 * k, 15 * k + 15);
      await feed(db, [
        ...times.map((minute) => at(minute / 15, 'importedWh', 10_000 + shown(minute))),
        ...times.map((minute) => at(minute / 15, 'activePowerW', wattsAt(minute))),
      ]);
    }
    // Of the first standstill nobody knows yet that more will come.
    expect((await qualities(db)).slice(4)).not.toContain('good');
    expect(await registerBreaks(db, T0)).toEqual([]);
  });

  it('that counts in 10 Wh and shows whole kWh by chance is not taken for one that counts in kWh', async () => {
    await using db = await seeded();
    for (let k = 0; k < 12; k++) {
      const renewed = [0, 250, 1000, 1000, 1000, 1000, 2000, 2000, 2000, 2000, 3000, 3000][k] ?? 0;
      await feed(db, [at(k, 'importedWh', 10_000 + renewed), ...powers(k, k + 1, 1000)]);
    }
    expect(await judged(db)).toContainEqual([7, 'slow']);
  });

  it('that stands still for hours under a load that comes and goes is missing all the same', async () => {
    await using db = await seeded();
    for (let k = 0; k < 12; k++) {
      const load = [300, 2500, 350].map((watts, i) => at(k + i / 3, 'activePowerW', watts));
      await feed(db, [at(k, 'importedWh', 10_000 + 262 * Math.min(k, 4)), ...load]);
    }
    expect((await energies(db)).slice(4)).toEqual(Array(7).fill(null));
    expect((await judged(db)).map(([, kind]) => kind)).toEqual(['frozen']);
  });

  it('that stands still while nothing flows is right', async () => {
    await using db = await seeded();
    for (let k = 0; k < 8; k++) {
      await feed(db, [at(k, 'importedWh', 10_000), at(k, 'activePowerW', 2), at(k + 0.5, 'activePowerW', 2)]);
    }
    expect(await energies(db)).toEqual(Array(7).fill(0));
    expect(await judged(db)).toEqual([]);
  });
});

describe('the serial number of a device', () => {
  const read = (k: number) => at(k, 'importedWh', k < 4 ? 10_000 + 100 * k : 10_350 + 100 * (k - 4));

  it('proves an exchange that the register alone hides: nobody pays for the difference of two meters', async () => {
    await using db = await seeded();
    await feed(db, [read(0)], [serial(0, 'OLD 1')]);
    for (let k = 1; k < 8; k++) await feed(db, [read(k)], k === 4 ? [serial(4, 'NEW 2')] : []);
    expect(await energies(db)).toEqual([100_000, 100_000, 100_000, null, 100_000, 100_000, 100_000]);
    expect(await judged(db)).toEqual([[4, 'swap']]);
  });

  it('counts when it is told hours later, from where the register fell', async () => {
    await using db = await seeded();
    const wh = [90_000, 90_100, 90_200, 40, 140, 240, 340, 440];
    await feed(db, [at(0, 'importedWh', wh[0] ?? 0)], [serial(0, 'OLD 1')]);
    for (let k = 1; k < 8; k++) await feed(db, [at(k, 'importedWh', wh[k] ?? 0)]);
    await feed(db, [], [serial(7, 'NEW 2')]);
    expect(await energies(db)).toEqual([100_000, 100_000, null, 100_000, 100_000, 100_000, 100_000]);
    expect(await judged(db)).toEqual([[3, 'swap']]);
  });

  it('says nothing new while it stays, and is kept twice at most', async () => {
    await using db = await seeded();
    for (let k = 0; k < 8; k++) await feed(db, [read(k)], [serial(k, 'OLD 1')]);
    expect(await db.selectFrom('device_identity').selectAll().execute()).toMatchObject([
      { time_ms: T0 },
      { time_ms: T0 + 7 * Q },
    ]);
    expect(await judged(db)).toEqual([]);
  });

  it('adds nothing to an exchange that a person told: the energy goes on without a hole', async () => {
    await using db = await seeded();
    const wh = (k: number) => (k < 4 ? 90_000 + 100 * k : 100 * (k - 4) + 50);
    await feed(db, [at(0, 'importedWh', wh(0))], [serial(0, 'OLD 1')]);
    for (let k = 1; k < 8; k++) await feed(db, [at(k, 'importedWh', wh(k))], k === 6 ? [serial(6, 'NEW 2')] : []);
    const [point] = await listPoints(db);
    if (point === undefined) throw new Error('no point');
    const request = {
      ...{ timeMs: T0 + 3.5 * Q, edge: uuid(2), device: 'a', oldSerial: 'OLD 1', newSerial: 'NEW 2', reason: 'worn' },
      registers: [{ register: 'importedWh' as const, finalMwh: 90_350_000, firstMwh: 0 }],
    };
    const order = { point, request, author: uuid(5), nowMs: T0 + 9 * Q, zone: 'Europe/Vienna' };
    expect(await db.transaction().execute((tx) => recordSwap(tx, order))).toMatchObject({ ok: true });
    await serveRequests(db);
    expect(await energies(db)).toEqual(Array(7).fill(100_000));
    expect(await judged(db)).toEqual([[3.5, 'swap']]);
  });
});
