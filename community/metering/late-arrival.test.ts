/** The law of derivation, through the database: whatever the order of arrival, the rows are those of the whole history. */
import { encodePack, type LogEntry, type Sample } from '@commonworks/core';
import type { PowerSpan, RegisterSample } from '@commonworks/core/metering/index.ts';
import type { Seed } from '@commonworks/core/seed.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arrivals, besides, type FaultyHistory, faultyHistory } from '../../test/registers/faulty-register.ts';
import { type Db, openDatabase } from '../database.ts';
import { applySeed } from '../register/apply-seed.ts';
import { processPage } from './process-page.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const T0 = Date.UTC(2026, 9, 1);
/** `npm run test:long` asks for more. */
const HISTORIES = process.env['LONG'] ? 4000 : 40;
const RECEIVED_MS = Date.UTC(2026, 11, 31);

const ALWAYS = [{ edge: uuid(2), device: 'a', fromMs: 0, toMs: null as number | null }];

async function seeded(ratedPowerW: number | undefined, assignments = ALWAYS): Promise<Db> {
  const db = await openDatabase(':memory:');
  const rated = ratedPowerW === undefined ? {} : { ratedPowerW };
  const seed: Seed = {
    ...{ members: [], transfers: [], edges: [], machines: [], badges: [], bookings: [] },
    meteringPoints: [{ id: uuid(10), name: 'Home', role: 'consumer', member: null, ...rated, assignments }],
    tariffs: [{ id: uuid(20), fromMs: 0, method: 'pro-rata', internalPrice: '12', gridPrice: '30', feedInPrice: '6' }],
  };
  await applySeed(db, seed, { community: uuid(1) });
  return db;
}

const read = ({ timeMs, mwh, quality }: RegisterSample): Sample => ({
  ...{ device: 'a', point: 'importedWh', timeMs: T0 + timeMs },
  ...(mwh === null ? { value: null, quality: 'missing' } : { value: mwh / 1000, quality }),
});

/** Three powers within the quarter hour, whose mean is what flowed; they differ as much as the history says. */
const powers = ({ fromMs, energyMwh, errorMwh = 0 }: PowerSpan): Sample[] =>
  [-1, 0, 1].map((part) => ({
    ...{ device: 'a', point: 'activePowerW', timeMs: T0 + fromMs + (part + 1) * 300_000, quality: 'good' },
    value: (energyMwh + part * Math.sqrt(3) * errorMwh) / 250,
  }));

function packOf(seq: number, samples: readonly Sample[]): LogEntry {
  const keys = { edge: uuid(2), epoch: uuid(3), seq };
  const body = encodePack({ ...keys, boot: uuid(4), samples, events: [] });
  return { ...keys, cursor: seq, receivedMs: RECEIVED_MS, hash: '', body };
}

async function feed(db: Db, groups: readonly (readonly Sample[])[]): Promise<void> {
  let seq = 0;
  for (const samples of groups) {
    const entries = Array.from({ length: Math.ceil(samples.length / 900) }, (_, i) =>
      packOf(++seq, samples.slice(900 * i, 900 * (i + 1))),
    );
    await processPage(db, { entries, next: seq }, []);
  }
}

async function rows(db: Db) {
  const intervals = await db.selectFrom('interval').selectAll().orderBy('start_ms').execute();
  return {
    // How often a row changed, and which pack of several brought a reading, depends on the way.
    intervals: intervals.map(({ version: _v, opening_seq: _o, closing_seq: _c, ...row }) => row),
    judgements: await db.selectFrom('counter_judgement').selectAll().orderBy('time_ms').execute(),
    unplaced: await db.selectFrom('unplaced_energy').selectAll().orderBy('from_ms').execute(),
  };
}

async function whole(history: FaultyHistory) {
  await using db = await seeded(history.ratedPowerW);
  await feed(db, [[...history.samples.map(read), ...history.power.flatMap(powers)]]);
  return await rows(db);
}

it(
  'ends in the rows of the whole history, in whatever order and pages readings and powers come',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        faultyHistory,
        fc.infiniteStream(fc.nat({ max: 1_000_000 })),
        fc.boolean(),
        async (history, dice, isInOrder) => {
          await using db = await seeded(history.ratedPowerW);
          const next = () => dice.next().value;
          // One quarter hour's powers may come in parts, as packs end anywhere.
          const power = history.power.flatMap(powers);
          const groups = arrivals(history.samples, next).map((group) => {
            const untilMs = T0 + Math.max(...group.map(({ timeMs }) => timeMs));
            const some = besides(power, { untilMs, isInOrder, most: 40, dice: next }, ({ timeMs }) => timeMs);
            return [...group.map(read), ...some];
          });
          await feed(db, [...groups, power]);
          expect(await rows(db)).toEqual(await whole(history));
        },
      ),
      { numRuns: HISTORIES },
    );
  },
  120_000 + HISTORIES * 1000,
);

const minute = (n: number, mwh: number): Sample => read({ timeMs: n * 60_000, mwh, quality: 'good' });

it('counts the last reading of a meter that comes when the next meter has long begun', async () => {
  const exchangeMs = T0 + 25 * 60_000;
  const meters = [
    { edge: uuid(2), device: 'a', fromMs: 0, toMs: exchangeMs },
    { edge: uuid(2), device: 'b', fromMs: exchangeMs, toMs: null },
  ];
  const before = [minute(0, 0), minute(1, 100), minute(15, 1500), minute(16, 1600)];
  const after = [30, 31, 45, 46, 60].map((n) => ({ ...minute(n, 100 * n), device: 'b' }));
  const last = minute(24, 9999);
  await using late = await seeded(undefined, meters);
  await feed(late, [before, after, [last]]);
  await using inTime = await seeded(undefined, meters);
  await feed(inTime, [before, [last], after]);
  expect(await rows(late)).toEqual(await rows(inTime));
  expect(JSON.stringify(await rows(late))).toContain('9999');
});

it('does not lean on a reading of the running quarter hour that the next reading replaces', async () => {
  const stuck = Array.from({ length: 15 }, (_, i) => minute(i + 2, 0));
  const back = [283, 300, 316, 333, 350, 366, 383, 400, 416, 433].map((mwh, i) => minute(i + 17, mwh));
  const later = [minute(30, 500), minute(31, 516)];
  const groups = [[minute(0, 0), minute(1, 16), ...stuck], back.slice(0, 3), back.slice(3), later];
  for (const count of [3, 4]) {
    await using byGroups = await seeded(undefined);
    await feed(byGroups, groups.slice(0, count));
    await using atOnce = await seeded(undefined);
    await feed(atOnce, [groups.slice(0, count).flat()]);
    expect(await rows(byGroups)).toEqual(await rows(atOnce));
  }
  await using byGroups = await seeded(undefined);
  await feed(byGroups, groups);
  expect((await rows(byGroups)).intervals).toMatchObject([{ energy_mwh: 250 }, { energy_mwh: 250 }]);
});
