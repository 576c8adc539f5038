/** Kills the broker, an agent and the community server at random while packs flow, then holds what is stored against two oracles. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { monthReadiness } from '@commonworks/community/closing/month-readiness.ts';
import { openDatabase } from '@commonworks/community/database.ts';
import { localMonth, monthSpan, nextMonth, previousMonth } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import { auditSite } from '../cli/commands/audit.ts';
import { seeded, until } from './faults/real-time.ts';
import { seedOf } from './setup/seed.ts';
import { type DemoUnderTest, startDemo } from './site/demo-under-test.ts';
import { foundBy } from './site/found-by.ts';
import { followOracle, type Oracle } from './site/oracle-driver.ts';
import { installTap, readTap, type TappedKey } from './site/outbox-tap.ts';
import { checkShares } from './site/shares.ts';
import { countersOf, withDatabase } from './site/stored.ts';

const isLong = process.env['LONG'] === '1';
const KILLING_MS = (isLong ? 20 : 1) * 60_000;
const PAUSE_MS = { min: 500, max: 3500 } as const;
/** A busy machine replays slowly; this only bounds how long a stuck one is waited for. */
const DRAIN_MS = 10 * 60_000;
/** Whole months, so that there is something to settle. */
const MONTHS_BACK = isLong ? 6 : 1;
const ZONE = 'Europe/Vienna';
const VICTIMS = ['broker', 'community', 'edge roof', 'edge workshop'];
const SEED = seedOf('KILL_SEED');

describe('a site whose processes are killed', () => {
  it(`loses nothing and doubles nothing (seed ${SEED}, ${KILLING_MS / 60_000} minutes)`, {
    timeout: KILLING_MS + 2 * DRAIN_MS,
  }, async () => {
    const nowMs = Date.now();
    const originMs = monthStart(nowMs, MONTHS_BACK);
    await using demo = await startDemo({ originMs, seed: SEED });
    for (const file of demo.outboxes) await until(() => installTap(file), 60_000, `the outbox ${file}`);
    const oracle = await followOracle(demo.clockAddress, { pace: paced(originMs, nowMs) });
    const kills = await killAtRandom(demo, KILLING_MS);
    await until(
      () => oracle.mode() === 'demo',
      DRAIN_MS,
      () => `the end of the replay, now at ${new Date(oracle.nowMs()).toISOString()}\n${tail(demo)}`,
    );
    await until(() => demo.outboxes.every(isDrained), DRAIN_MS, 'the outboxes to drain');
    await until(() => hasFollowed(demo), DRAIN_MS, 'the community server to have read the log');
    oracle.close();
    await until(
      () => settledRuns(demo) >= MONTHS_BACK,
      DRAIN_MS,
      async () => `the whole months to be settled\n${await openMonths(demo, { originMs, nowMs })}\n${tail(demo)}`,
    );
    await demo.stop();

    const tapped = demo.outboxes.flatMap(readTap);
    const stored = storedPacks(demo);
    // The agents read until they are stopped: what they committed last is safe in their files, and few.
    const waiting = new Set(demo.outboxes.flatMap(waitingKeys));
    expect(waiting.size).toBeLessThanOrEqual(10);
    const lost = tapped.filter((key) => stored.get(keyOf(key))?.hash !== key.hash && !waiting.has(keyOf(key)));
    expect(lost).toEqual([]);
    expect(strangers(tapped, stored)).toEqual([]);
    const compared = compareWithOracle(oracle, stored);
    expect(compared.different).toEqual([]);
    const shares = checkShares(join(demo.dir, 'data', 'community.db'));
    expect(shares.wrong).toEqual([]);
    expect(verifyLedger(demo)).toMatchObject({ verdict: 'consistent' });
    expect(foundBy(await auditSite(demo.dir))).toEqual([]);
    process.stdout.write(
      `killed ${kills} times: ${tapped.length} packs committed, ${stored.size} stored, ${waiting.size} still in an outbox, ${lost.length} lost, 0 doubled; ` +
        `${compared.count} registers equal the simulator's; ${shares.count} intervals sum to their production\n`,
    );
    expect(compared.count).toBeGreaterThan(1000);
    expect(shares.count).toBeGreaterThan(500);
  });
});

/** Lets the replay last as long as the killing: the world waits for us at each quarter hour. */
function paced(originMs: number, nowMs: number): (atMs: number) => Promise<void> {
  const startedMs = performance.now();
  return async (atMs) => {
    const dueMs = ((atMs - originMs) / (nowMs - originMs)) * KILLING_MS * 0.7;
    const earlyMs = dueMs - (performance.now() - startedMs);
    if (earlyMs > 1) await pause(Math.min(earlyMs, 10_000));
  };
}

async function killAtRandom(demo: DemoUnderTest, forMs: number): Promise<number> {
  const random = seeded(SEED);
  const untilMs = performance.now() + forMs;
  let kills = 0;
  while (performance.now() < untilMs) {
    await pause(PAUSE_MS.min + random() * (PAUSE_MS.max - PAUSE_MS.min));
    const victim = demo.processes.get(VICTIMS[Math.floor(random() * VICTIMS.length)] ?? '');
    if (victim?.pid === undefined) continue;
    try {
      process.kill(victim.pid, 'SIGKILL');
      kills++;
    } catch {
      // Already dead and not yet started again.
    }
  }
  return kills;
}

/** The newest lines of the processes, for a failing run. */
function tail(demo: DemoUnderTest): string {
  return demo.lines
    .slice(-60)
    .map((line) => `${line.process}: ${line.text.slice(0, 300)}`)
    .join('\n');
}

/** The agents keep reading while we look: at most the newest pack or two may wait. */
function isDrained(file: string): boolean {
  return withDatabase(
    file,
    (db) =>
      Number(db.prepare('SELECT count(*) AS n FROM pack JOIN epoch USING (epoch) WHERE seq > mark').get()?.['n']) <= 2,
  );
}

function waitingKeys(file: string): string[] {
  return withDatabase(file, (db) => {
    const rows = db.prepare('SELECT epoch, seq FROM pack JOIN epoch USING (epoch) WHERE seq > mark').all() as {
      epoch: string;
      seq: number;
    }[];
    return rows.map(({ epoch, seq }) => keyOf({ epoch, seq, hash: '' }));
  });
}

function hasFollowed(demo: DemoUnderTest): boolean {
  const head = withDatabase(
    join(demo.dir, 'data', 'telemetry.db'),
    (db) => db.prepare('SELECT max(cursor) AS c FROM pack').get()?.['c'],
  );
  const read = withDatabase(
    join(demo.dir, 'data', 'community.db'),
    (db) => db.prepare('SELECT max(cursor) AS c FROM log_cursor').get()?.['c'],
  );
  return Number(head) - Number(read) <= 5;
}

function settledRuns(demo: DemoUnderTest): number {
  return withDatabase(join(demo.dir, 'data', 'community.db'), (db) =>
    Number(db.prepare('SELECT count(*) AS n FROM settlement_run').get()?.['n']),
  );
}

/** What keeps the months open, for a failing run. */
async function openMonths(
  demo: DemoUnderTest,
  { originMs, nowMs }: { originMs: number; nowMs: number },
): Promise<string> {
  await using db = await openDatabase(join(demo.dir, 'data', 'community.db'));
  const lines: string[] = [];
  for (let month = localMonth(originMs, ZONE); month < localMonth(nowMs, ZONE); month = nextMonth(month)) {
    const readiness = await monthReadiness(db, { zone: ZONE, month, nowMs });
    for (const one of readiness?.registers ?? [])
      if (one.open.length > 0) lines.push(`${month}: ${JSON.stringify(one)}`);
  }
  return lines.join('\n');
}

function verifyLedger(demo: DemoUnderTest): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, ['cli/main.ts', 'verify', '--site', demo.dir, '--json'], {
    encoding: 'utf8',
  });
  return stdout === '' ? stderr : (JSON.parse(stdout) as unknown);
}

function monthStart(nowMs: number, monthsBack: number): number {
  let month = localMonth(nowMs, ZONE);
  for (let i = 0; i < monthsBack; i++) month = previousMonth(month);
  return monthSpan(month, ZONE).fromMs;
}

type StoredPack = { readonly epoch: string; readonly seq: number; readonly hash: string; readonly body: string };

const keyOf = ({ epoch, seq }: TappedKey): string => `${epoch} ${seq}`;

/** Stored keys that no outbox committed while it was tapped; the first pack or two may be older than the tap. */
function strangers(
  tapped: readonly TappedKey[],
  stored: ReadonlyMap<string, { epoch: string; seq: number }>,
): string[] {
  const known = new Set(tapped.map(keyOf));
  const first = new Map<string, number>();
  for (const { epoch, seq } of tapped) first.set(epoch, Math.min(seq, first.get(epoch) ?? seq));
  return [...stored].flatMap(([key, { epoch, seq }]) => (known.has(key) || seq < (first.get(epoch) ?? 0) ? [] : [key]));
}

/** Every pack of the log by its key, hashed anew from the bytes that are stored. */
function storedPacks(demo: DemoUnderTest): Map<string, StoredPack> {
  return withDatabase(join(demo.dir, 'data', 'telemetry.db'), (db) => {
    const rows = db
      .prepare('SELECT epoch, seq, compression, body FROM pack JOIN source ON source.id = pack.source')
      .all();
    const packs = new Map<string, StoredPack>();
    for (const row of rows) {
      const { epoch, seq, compression, body } = row as {
        epoch: string;
        seq: number;
        compression: number;
        body: Uint8Array;
      };
      const bytes = compression === 1 ? zstdDecompressSync(body) : body;
      const key = keyOf({ epoch, seq, hash: '' });
      if (packs.has(key)) throw new Error(`${key} is stored twice`);
      packs.set(key, {
        epoch,
        seq,
        hash: createHash('sha256').update(bytes).digest('hex'),
        body: Buffer.from(bytes).toString('utf8'),
      });
    }
    return packs;
  });
}

/** Every counter value stored for an instant at which the world stood still equals what its wire showed then. */
function compareWithOracle(
  oracle: Oracle,
  stored: Map<string, { body: string }>,
): { count: number; different: string[] } {
  const counters = countersOf([...stored.values()].map((pack) => pack.body));
  const different: string[] = [];
  let count = 0;
  for (const [atMs, devices] of oracle.registers) {
    for (const [device, shown] of Object.entries(devices)) {
      for (const [point, wanted] of [
        ['importedWh', shown.importedMwh],
        ['exportedWh', shown.exportedMwh],
      ] as const) {
        const value = counters.get(`${device} ${point} ${atMs}`);
        if (value === undefined) continue;
        count++;
        if (value !== wanted)
          different.push(`${device} ${point} at ${atMs}: stored ${value}, the wire showed ${wanted}`);
      }
    }
  }
  return { count, different: different.slice(0, 20) };
}
