/** The ledger in the database and its export: once, in order, and any change found. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePack, type LogEntry, monthSpan, type Sample } from '@commonworks/core';
import { canonicalJson } from '@commonworks/core/canonical-json.ts';
import {
  BundleFault,
  type BundleVerdict,
  createBundleCheck,
  type LedgerEntry,
  sessionEntry,
} from '@commonworks/core/ledger/index.ts';
import type { Seed } from '@commonworks/core/seed.ts';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../database.ts';
import { processPage } from '../metering/process-page.ts';
import { applySeed } from '../register/apply-seed.ts';
import { settleMonth } from '../settlement/settle-month.ts';
import { exportBundle } from './export-bundle.ts';
import { ledgerHead, postEntry } from './post-entry.ts';
import { accountBalance } from './read-entries.ts';
import { sha256 } from './sha256.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [community, anna, roof] = [uuid(1), uuid(2), uuid(3)] as const;

const session = (n: number, seconds = 600): LedgerEntry => {
  const charge = { community, currency: 'EUR', session: uuid(100 + n), machine: uuid(4), member: anna, endMs: n };
  const entry = sessionEntry({ ...charge, runningS: seconds, pricePerHour: '1200' }, '2026-10', sha256);
  if (entry === null) throw new Error('a session that costs something');
  return entry;
};
const post = (db: Db, entry: LedgerEntry) => db.transaction().execute((tx) => postEntry(tx, entry));

describe('postEntry', () => {
  it('posts the same matter once, however often and concurrently it is asked', async () => {
    await using db = await openDatabase(':memory:');
    await Promise.all(Array.from({ length: 40 }, (_, i) => post(db, session(i % 10))));
    expect((await ledgerHead(db)).position).toBe(10);
    expect(await accountBalance(db, `member/${anna}`, 'EUR')).toBe(10 * 200);
    await expect(post(db, { ...session(1), reason: 'other' })).rejects.toMatchObject({
      code: 'community.ledger-refused',
    });
  });

  it('chains entries of two connections to one file without a gap', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
    try {
      await using a = await openDatabase(join(folder, 'c.db'));
      await using b = await openDatabase(join(folder, 'c.db'));
      for (let i = 0; i < 20; i++) await post(i % 2 === 0 ? a : b, session(i));
      expect(await check(a)).toMatchObject({ verdict: 'consistent', entries: 20 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses what does not balance, and leaves nothing behind', async () => {
    await using db = await openDatabase(':memory:');
    const wrong = { ...session(1), postings: session(1).postings.slice(1) };
    await expect(post(db, wrong)).rejects.toMatchObject({ code: 'community.ledger-refused' });
    expect((await ledgerHead(db)).position).toBe(0);
  });
});

async function bundleOf(db: Db): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportBundle(db, community)) lines.push(line);
  return lines;
}

function checkLines(lines: readonly string[], head?: string): BundleVerdict {
  const bundle = createBundleCheck({ sha256, head });
  try {
    for (const line of lines) bundle.line(line);
    return bundle.verdict();
  } catch (error) {
    if (error instanceof BundleFault) return bundle.verdict(error);
    throw error;
  }
}
const check = async (db: Db, head?: string) => checkLines(await bundleOf(db), head);

/** A community that began two hours before the month's end: a whole bundle in some eighty lines. */
async function smallCommunity(): Promise<Db> {
  const zone = 'Europe/Vienna';
  const { toMs } = monthSpan('2026-10', zone);
  const fromMs = toMs - 8 * 900_000;
  const point = (n: number, device: string, member: string | null) => ({
    id: uuid(n),
    name: device,
    role: device === 'pv' ? ('producer' as const) : ('consumer' as const),
    member,
    assignments: [{ edge: roof, device, fromMs, toMs: null }],
  });
  const seed: Seed = {
    members: [{ id: anna, name: 'Anna', email: null, roles: [], joinedMs: 0 }],
    transfers: [],
    edges: [],
    meteringPoints: [point(10, 'pv', null), point(11, 'a', anna), point(12, 'w', null)],
    tariffs: [
      { id: uuid(20), fromMs, method: 'pro-rata', internalPrice: '1250', gridPrice: '3000', feedInPrice: '600' },
    ],
    machines: [],
    badges: [],
    bookings: [],
  };
  const db = await openDatabase(':memory:');
  await applySeed(db, seed, { community });
  const entries: LogEntry[] = Array.from({ length: 14 }, (_, k) => {
    const samples: Sample[] = [
      { device: 'pv', point: 'exportedWh', timeMs: fromMs + k * 900_000, value: 5 + k * 97, quality: 'good' },
      { device: 'a', point: 'importedWh', timeMs: fromMs + k * 900_000, value: 7 + k * 71, quality: 'good' },
      { device: 'w', point: 'importedWh', timeMs: fromMs + k * 900_000, value: 9 + k * 53, quality: 'good' },
    ];
    const body = encodePack({ edge: roof, epoch: uuid(5), seq: k + 1, boot: uuid(6), samples, events: [] });
    return {
      cursor: k + 1,
      edge: roof,
      epoch: uuid(5),
      seq: k + 1,
      receivedMs: Date.UTC(2026, 11, 31),
      hash: '',
      body,
    };
  });
  const settle = () =>
    settleMonth(db, {
      community: { id: community, zone, currency: 'EUR' },
      month: '2026-10',
      nowMs: toMs,
      missing: 'exclude',
    });
  await post(db, session(1));
  await db.insertInto('gap_rule').values({ from_ms: 0, method: 'unplaced', author: 'nobody', created_ms: 0 }).execute();
  await processPage(db, { entries: entries.filter((_, k) => k !== 3), next: 13 }, []);
  await settle();
  await processPage(db, { entries: [{ ...(entries[3] as LogEntry), cursor: 50 }], next: 50 }, []);
  await settle();
  await post(db, session(2));
  return db;
}

describe('the bundle', () => {
  let db: Db;
  let lines: string[] = [];
  beforeAll(async () => {
    db = await smallCommunity();
    lines = await bundleOf(db);
  });

  it('proves itself, and is anchored by any earlier head', async () => {
    expect(checkLines(lines)).toMatchObject({ verdict: 'consistent', fault: null, runs: 2, anchor: null });
    const heads = await db.selectFrom('ledger_entry').select(['position', 'hash']).execute();
    expect(heads.length).toBeGreaterThan(6);
    for (const { position, hash } of heads) {
      expect(checkLines(lines, hash)).toMatchObject({ verdict: 'anchored', anchor: position });
    }
    expect(checkLines(lines, 'f'.repeat(64))).toMatchObject({ verdict: 'broken' });
  });

  it('shows a change of any single byte, wherever it is', () => {
    const text = lines.join('\n');
    // Every 61st byte and the whole of the first and the last line: some 700 mutations in a second.
    const isSampled = (i: number) => i % 61 === 0 || i < (lines[0] ?? '').length || i > text.length - 120;
    for (let i = 0; i < text.length; i++) {
      if (!isSampled(i)) continue;
      const changed = text[i] === '0' ? '1' : '0';
      const verdict = checkLines((text.slice(0, i) + changed + text.slice(i + 1)).split('\n'));
      expect(verdict.verdict, `byte ${i} of line ${text.slice(0, i).split('\n').length}`).toBe('broken');
    }
  });

  it('shows lines that are missing, doubled, swapped or added', () => {
    for (let i = 0; i < lines.length; i++) {
      expect(checkLines(lines.toSpliced(i, 1)).verdict, `without line ${i + 1}`).toBe('broken');
      expect(checkLines(lines.toSpliced(i, 0, lines[i] ?? '')).verdict, `line ${i + 1} twice`).toBe('broken');
    }
    expect(checkLines([...lines, lines[0] ?? '']).verdict).toBe('broken');
  });

  /** A forger who recomputes the closing hash still has to make the figures agree. */
  const forge = (change: (line: string) => string): string[] => {
    const forged = lines.slice(0, -1).map(change);
    let rolling = '0'.repeat(64);
    for (const line of forged) rolling = createHash('sha256').update(`${rolling}\n${line}`).digest('hex');
    return [...forged, canonicalJson({ end: { lines: forged.length, sha256: rolling } })];
  };

  it('names the row when a share was changed, though the closing hash was made to fit', () => {
    const target = lines.findIndex((line) => line.startsWith('[1,0,') && line.split(',').length === 7);
    const forged = forge((line) => {
      if (line !== lines[target]) return line;
      const row = JSON.parse(line) as number[];
      return canonicalJson(row.with(4, (row[4] ?? 0) + 1).with(5, (row[5] ?? 0) - 1));
    });
    const verdict = checkLines(forged);
    expect(verdict.fault?.line).toBe(target + 1);
    expect(verdict.fault?.message).toContain('worked out again');
  });

  it('names the entry when an amount was changed on both sides', () => {
    const at = lines.findIndex((line) => line.includes('"kind":"session"'));
    const forged = forge((line) =>
      line.replace('"amount":200,', '"amount":100,').replace('"amount":-200,', '"amount":-100,'),
    );
    expect(checkLines(forged).fault).toMatchObject({ line: at + 1 });
  });

  it('finds a change in the database itself', async () => {
    await sql`DROP TRIGGER ledger_entry_no_update`.execute(db);
    await sql`UPDATE ledger_entry SET body = replace(body, '"amount":200', '"amount":201') WHERE position = 1`.execute(
      db,
    );
    expect((await check(db)).fault?.message).toContain('entry 1 was changed');
  });
});
