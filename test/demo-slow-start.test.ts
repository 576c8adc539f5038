/** The first start of the demo on a machine too busy for it: whatever came late, nothing of the past is missing afterwards. */
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { startNeighbours } from './setup/busy.ts';
import { type DemoUnderTest, letGo, startAgain, startDemo } from './site/demo-under-test.ts';
import { withDatabase } from './site/stored.ts';

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
const AGENTS = ['edge roof', 'edge workshop'];
/** `npm run test:long` fills the machine; agents that are held back are slow enough for the daily run. */
const NEIGHBOURS = process.env['LONG'] === '1' ? 15 : 0;
/** Generous: a machine that is busy for longer than this is broken. */
const PATIENT = { timeout: 540_000, interval: 200 };

it(`waits for agents that are slow to start beside ${NEIGHBOURS} busy processes, and says so`, {
  timeout: 600_000,
}, async () => {
  using _neighbours = startNeighbours(NEIGHBOURS);
  const originMs = quartersAgo(DAY_MS);
  await using demo = await startDemo({ originMs, seed: 7, held: AGENTS });
  // Longer than any start has to take: two lines are twenty seconds.
  await said(demo, /^waiting for the agents? .*: \d+ s$/, 2);
  letGo(demo, AGENTS);
  await said(demo, /^replayed/);
  await followed(demo, originMs + DAY_MS - QUARTER_MS);
  await demo.stop();
  expect(missing(demo, originMs)).toEqual([]);
});

it('plays again on the next start what was read without one of its agents', { timeout: 600_000 }, async () => {
  // Two days, so that makers came to the workshop.
  const originMs = quartersAgo(2 * DAY_MS);
  const worldEntry = 'test/site/impatient-world.ts';
  await using demo = await startDemo({ originMs, seed: 7, held: ['edge roof'], worldEntry });
  await said(demo, /^going on without the agent "Roof and cellar"/);
  await said(demo, /^replayed/);
  await vi.waitUntil(() => sessions(demo).length > 0, PATIENT);
  const without = sessions(demo);
  letGo(demo, ['edge roof']);
  await demo.stop();
  expect(missing(demo, originMs)).not.toEqual([]);

  await using again = await startAgain(demo);
  await said(again, /^replayed/);
  await followed(again, originMs + 2 * DAY_MS - QUARTER_MS);
  await again.stop();
  expect(missing(again, originMs)).toEqual([]);
  expect(sessions(again)).toEqual(expect.arrayContaining(without));
  expect(overlapping(again)).toEqual([]);
});

const quartersAgo = (agoMs: number) => Math.floor((Date.now() - agoMs) / QUARTER_MS) * QUARTER_MS;
const community = (demo: DemoUnderTest) => join(demo.dir, 'data', 'community.db');

async function said(demo: DemoUnderTest, pattern: RegExp, times = 1): Promise<void> {
  const count = () => demo.lines.filter(({ fields }) => pattern.test(String(fields['msg']))).length;
  await vi.waitUntil(() => count() >= times, PATIENT);
}

/** The community server has derived the interval, for every point. */
async function followed(demo: DemoUnderTest, startMs: number): Promise<void> {
  await vi.waitUntil(() => {
    const row = withDatabase(community(demo), (db) =>
      db.prepare('SELECT complete, expected FROM interval_total WHERE start_ms >= ? LIMIT 1').get(startMs - QUARTER_MS),
    );
    return row !== undefined && row['complete'] === row['expected'];
  }, PATIENT);
}

/** Quarter hours of the replayed time, the first and the newest apart, that have no energy for some point, or are not there. */
function missing(demo: DemoUnderTest, originMs: number): unknown[] {
  return withDatabase(community(demo), (db) => {
    const rows = db.prepare('SELECT start_ms, complete, expected FROM interval_total').all();
    const complete = new Set(rows.filter((row) => row['complete'] === row['expected']).map((row) => row['start_ms']));
    const newest = Math.max(...rows.map((row) => Number(row['start_ms'])));
    const wanted = Array.from(
      { length: (newest - originMs) / QUARTER_MS - 1 },
      (_, n) => originMs + (n + 1) * QUARTER_MS,
    );
    return wanted.filter((start) => !complete.has(start)).slice(0, 20);
  });
}

function sessions(demo: DemoUnderTest): unknown[] {
  return withDatabase(community(demo), (db) =>
    db.prepare('SELECT machine, member, start_ms FROM session ORDER BY start_ms, machine').all(),
  );
}

function overlapping(demo: DemoUnderTest): unknown[] {
  const query = `SELECT a.machine, a.start_ms, b.start_ms AS other_ms FROM session a JOIN session b
    ON a.machine = b.machine AND a.id < b.id AND a.start_ms < coalesce(b.end_ms, 1e15) AND b.start_ms < coalesce(a.end_ms, 1e15)`;
  return withDatabase(community(demo), (db) => db.prepare(query).all());
}
