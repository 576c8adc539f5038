/** A log that falls back: what is kept in reserve is sent again, what is gone is declared, and nothing else changes. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodePack, type MarkMessage, type Sample } from '@commonworks/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statements } from './statements.ts';
import { type KeptPack, type OutboxOptions, type OutboxStore, openOutboxStore, type PackDraft } from './store.ts';

const EDGE = '01900000-0000-7000-8000-000000000001';
const BOOT = '01900000-0000-7000-8000-0000000000b0';
const [FIRST, SECOND, THIRD] = ['e1', 'e2', 'e3'].map((end) => `01900000-0000-7000-8000-0000000000${end}`) as [
  string,
  string,
  string,
];
const NOW = Date.UTC(2025, 0, 1);
const DAY_MS = 86_400_000;
const all = { packs: 10_000, bytes: 100_000_000 };

let folder = '';
let kernelMs = 0;
let store: OutboxStore;
beforeEach(() => {
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'outbox-reserve-'));
  kernelMs = 1000;
  store = open();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function open(changes: Partial<OutboxOptions> = {}): OutboxStore {
  const file = join(folder, 'outbox.db');
  const limits = { bytesMax: 1_000_000, ageMaxMs: 60 * DAY_MS, nowMs: NOW };
  const options = { file, edge: EDGE, boot: BOOT, newEpochs: [FIRST, SECOND] as const, ...limits, ...changes };
  return openOutboxStore(options, { kernelBoot: 'boot', kernelMs: () => kernelMs });
}

function reopen(changes: Partial<OutboxOptions> = {}): void {
  store.close();
  store = open(changes);
}

function draft(value: number): PackDraft {
  const sample: Sample = { device: 'home-1', point: 'importedWh', timeMs: NOW + value, value, quality: 'good' };
  return { samples: [sample], events: [] };
}

const append = (count: number) => {
  const drafts = Array.from({ length: count }, (_, i) => draft(i));
  return store.append(drafts, NOW);
};
const mark = (seq: number, more: Partial<MarkMessage> = {}) =>
  store.applyMark({ epoch: FIRST, seq, log: 'log-1', generation: 1, ...more }, { patienceMs: 60_000 });
const seqs = (packs: readonly KeptPack[]) => packs.map(({ seq }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const gapsIn = (packs: readonly KeptPack[]) =>
  packs.flatMap(({ body }) => decodePack(body).pack.events.map((event) => event.body));

function query(sql: string): unknown {
  const db = new DatabaseSync(join(folder, 'outbox.db'));
  const value = Object.values(db.prepare(sql).get() ?? {})[0];
  db.close();
  return value;
}

describe('A log that falls back', () => {
  it('is given again what is in reserve, byte for byte, and the reserve counts for nobody as waiting', () => {
    append(50);
    const bodies = store.read(0, all).map(({ body }) => body);
    expect(mark(40).backlog.packs).toBe(10);
    expect(seqs(store.read(0, all))).toEqual(range(41, 50));
    const fallen = mark(25, { generation: 2 });
    expect([fallen.isFallen, fallen.backlog.packs]).toEqual([true, 25]);
    expect(store.read(0, all).map(({ body }) => body)).toEqual(bodies.slice(25));
    expect(fallen.news).toMatchObject({ code: 'edge.log-fell-back' });
    // The same again is no news, and nothing is done for it.
    expect(mark(25, { generation: 2 })).toMatchObject({ isFallen: false, news: null });
    expect(mark(50, { generation: 2 }).backlog.packs).toBe(0);
  });

  it('hears which of its packs are no longer here', () => {
    reopen({ bytesMax: 20_000 });
    for (let i = 1; i <= 30; i++) {
      append(10);
      mark(10 * i);
    }
    expect(mark(100).isFallen).toBe(true);
    const packs = store.read(0, all);
    const first = packs[0]?.seq ?? 0;
    expect(first).toBeGreaterThan(101);
    expect(seqs(packs)).toEqual(range(first, 301));
    const reason = 'the log lost what it held, and it is no longer here';
    expect(gapsIn(packs)).toEqual([{ epoch: FIRST, fromSeq: 101, toSeq: first - 1, reason }]);
  });

  it('across a restart is given the same', () => {
    append(20);
    mark(20);
    reopen();
    expect(mark(5).backlog.packs).toBe(15);
    reopen();
    expect(seqs(store.read(0, all))).toEqual(range(6, 20));
  });

  it('and is another log altogether is given every epoch, or hears what is gone', () => {
    append(10);
    mark(10);
    // An old copy: the log knows more than this file ever numbered.
    expect(mark(12).isOldCopy).toBe(true);
    append(5);
    mark(4, { epoch: SECOND });
    const outcome = mark(0, { epoch: SECOND, log: 'log-2' });
    expect(outcome.news).toMatchObject({ code: 'edge.log-changed' });
    const packs = store.read(0, all);
    expect(packs.map(({ epoch, seq }) => `${epoch === FIRST ? 1 : 2}.${seq}`)).toEqual([
      ...range(1, 10).map((seq) => `1.${seq}`),
      ...range(1, 5).map((seq) => `2.${seq}`),
    ]);
    // What it does hold of the older epoch it tells, and that waits no longer.
    expect(mark(7, { log: 'log-2' }).backlog.packs).toBe(8);
  });

  it('of an older epoch is given what is left of it', () => {
    append(10);
    mark(8);
    expect(mark(11).isOldCopy).toBe(true);
    mark(20);
    const { isOwn, isFallen, isOldCopy } = mark(3);
    expect([isOwn, isFallen, isOldCopy]).toEqual([false, true, false]);
    const packs = store.read(0, all);
    expect(packs.filter(({ epoch }) => epoch === FIRST).map(({ seq }) => seq)).toEqual(range(4, 8));
    // 9 and 10 went to the new epoch, with 11 to 20 another life of this file's original was numbered.
    expect(gapsIn(packs)).toMatchObject([{ epoch: FIRST, fromSeq: 9, toSeq: 20 }]);
  });

  it('is not sent a pack that went bad in the reserve: that one is declared', () => {
    append(10);
    mark(10);
    store.close();
    const db = new DatabaseSync(join(folder, 'outbox.db'));
    db.exec('DROP TRIGGER packIsImmutable; UPDATE pack SET body = replace(body, \'"v":4\', \'"v":5\') WHERE seq = 5');
    db.close();
    store = open();
    mark(2);
    const packs = store.read(0, all);
    expect(seqs(packs)).toEqual([3, 4, ...range(6, 10)]);
    const later = store.read(packs.at(-1)?.n ?? 0, all);
    expect(gapsIn(later)).toEqual([{ epoch: FIRST, fromSeq: 5, toSeq: 5, reason: 'the outbox file was damaged' }]);
    expect(query('SELECT seq FROM spoiled')).toBe(5);
  });
});

describe('What a log wants again', () => {
  const wanted = [
    { epoch: FIRST, fromSeq: 3, toSeq: 5 },
    { epoch: FIRST, fromSeq: 9, toSeq: 9 },
  ];

  it('it is sent once, beside what waits, and again only after a patience that grows', () => {
    append(20);
    const { isWanted, backlog } = mark(15, { wanted });
    expect([isWanted, backlog.packs]).toEqual([true, 5]);
    expect(seqs(store.readWanted(all))).toEqual([3, 4, 5, 9]);
    expect(seqs(store.read(0, all))).toEqual(range(16, 20));
    const askAfter = (ms: number) => {
      kernelMs += ms;
      mark(15, { wanted });
      return seqs(store.readWanted(all));
    };
    expect(askAfter(59_999)).toEqual([]);
    expect(askAfter(1)).toEqual([3, 4, 5, 9]);
    expect(askAfter(119_999)).toEqual([]);
    expect(askAfter(1)).toEqual([3, 4, 5, 9]);
    // A new range waits for nobody; what is wanted no more is not sent.
    mark(15, { wanted: [{ epoch: FIRST, fromSeq: 4, toSeq: 6 }] });
    expect(seqs(store.readWanted(all))).toEqual([6]);
  });

  it('and is no longer here it hears of, once', () => {
    reopen({ bytesMax: 20_000 });
    for (let i = 1; i <= 30; i++) {
      append(10);
      mark(10 * i);
    }
    const gone = { epoch: FIRST, fromSeq: 100, toSeq: 120 };
    const unknown = { epoch: THIRD, fromSeq: 1, toSeq: 7 };
    for (let i = 0; i < 3; i++) mark(300, { wanted: [gone, unknown] });
    expect(store.readWanted(all)).toEqual([]);
    const reason = 'the log lost what it held, and it is no longer here';
    expect(gapsIn(store.read(0, all))).toEqual([
      { ...gone, reason },
      { ...unknown, reason },
    ]);
  });

  it('comes in portions of what was asked for', () => {
    append(20);
    mark(20, { wanted });
    expect(seqs(store.readWanted({ packs: 2, bytes: 1e6 }))).toEqual([3, 4]);
    expect(seqs(store.readWanted({ packs: 100, bytes: 1 }))).toEqual([5]);
    expect(seqs(store.readWanted(all))).toEqual([9]);
  });
});

describe('The reserve', () => {
  it('takes a quarter of the outbox at most, and goes before anything that waits', () => {
    reopen({ bytesMax: 40_000 });
    for (let i = 1; i <= 60; i++) {
      append(10);
      mark(10 * i);
    }
    const held = 'SELECT sum(bytes) FROM pack';
    expect(query(held)).toBeLessThanOrEqual(10_000);
    expect(query(held)).toBeGreaterThan(8000);
    // It fills up with what waits: not one of these is lost before the reserve is gone.
    while (store.backlog().bytes < 39_700) append(1);
    expect(gapsIn(store.read(0, all))).toEqual([]);
    expect(query(held)).toBeLessThanOrEqual(40_000);
    expect(seqs(store.read(0, all))[0]).toBe(601);
  });

  it('is kept for a week', () => {
    append(10);
    mark(10);
    kernelMs += 6 * DAY_MS;
    append(1);
    mark(11);
    expect(query('SELECT count(*) FROM pack')).toBe(11);
    kernelMs += DAY_MS + 3_600_000;
    append(1);
    expect(query('SELECT count(*) FROM pack')).toBe(2);
  });

  it('makes room on a full disk', () => {
    append(1000);
    mark(1000);
    store.limitPages(Number(query('PRAGMA page_count')) + 1);
    for (let i = 0; i < 50; i++) append(10);
    expect(store.backlog().packs).toBe(500);
    expect(seqs(store.read(0, all))).toEqual(range(1001, 1500));
  });

  it('costs no write of a row when the log marks it', () => {
    append(500);
    store.close();
    const file = join(folder, 'outbox.db');
    const db = new DatabaseSync(file);
    db.exec("CREATE TRIGGER noDeletion BEFORE DELETE ON pack BEGIN SELECT RAISE(ABORT, 'a row was written'); END");
    db.close();
    store = open();
    expect(mark(400).backlog.packs).toBe(100);
    expect(mark(100).backlog.packs).toBe(400);
  });

  it('is not walked to find what waits behind it, as every append and every reading does', () => {
    append(500);
    mark(400);
    store.close();
    const db = new DatabaseSync(join(folder, 'outbox.db'));
    const { sourceSQL } = statements(db).firstWaiting;
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`).all();
    // SQLite's words: whatever is no search by an index is a walk; that of the few epochs is meant.
    const walks = plan.flatMap(({ detail }) => /^(?:SCAN|SEARCH) (\w+)(?!.*USING)/.exec(String(detail))?.[1] ?? []);
    db.close();
    store = open();
    expect(walks).toEqual(['e']);
  });
});

describe('The newest mark', () => {
  it('is told with the name of its log, and across a restart', () => {
    expect(store.held()).toBe(null);
    append(10);
    store.applyMark({ epoch: FIRST, seq: 3 });
    expect(store.held()).toBe(null);
    expect(mark(7).news).toBe(null);
    reopen();
    expect(store.held()).toEqual({ log: 'log-1', generation: 1, epoch: FIRST, seq: 7 });
    mark(7, { generation: 2 });
    expect(store.held()).toMatchObject({ generation: 2, seq: 7 });
    // Of another epoch it is no news of ours.
    mark(99, { epoch: THIRD, generation: 2 });
    expect(store.held()).toMatchObject({ epoch: FIRST, seq: 7 });
  });
});
