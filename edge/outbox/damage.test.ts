/** Each page of an outbox file damaged in turn: the bodies that were appended are the oracle, SQLite's own dbstat tells what stood where. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodePack, type Sample } from '@commonworks/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type OutboxOptions, type OutboxStore, openOutboxStore, type PackDraft } from './store.ts';

const isLong = process.env['LONG'] === '1';
const EDGE = '01900000-0000-7000-8000-000000000001';
const BOOT = '01900000-0000-7000-8000-0000000000b0';
const [FIRST, SECOND, THIRD] = ['e1', 'e2', 'e3'].map((end) => `01900000-0000-7000-8000-0000000000${end}`) as [
  string,
  string,
  string,
];
const NOW = Date.UTC(2025, 0, 1);
const PACKS = 1000;
const MARK = 200;
const PAGE = 4096;
const COMMANDS = ['c1', 'c2', 'c3'];
const all = { packs: 100, bytes: 100_000_000 };
/** No power is cut here, so memory will do for a disk. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

let folder = '';
let file = '';
let whole: Buffer = Buffer.alloc(0);
const appended = new Map<number, string>();
/** Which packs have bytes on a page, and which table or index a page is of. */
const packsOn = new Map<number, Set<number>>();
const nameOf = new Map<number, string>();

function draft(i: number): PackDraft {
  // Every fortieth goes on on pages of its own.
  const points = i % 40 === 0 ? 120 : 1;
  const samples = Array.from({ length: points }, (_, k): Sample => {
    return { device: `home-${k}`, point: 'importedWh', timeMs: NOW + i, value: i + k / 8, quality: 'good' };
  });
  return { samples, events: [] };
}

const options = (newEpochs: readonly [string, string]): OutboxOptions => ({
  ...{ file, edge: EDGE, boot: BOOT, newEpochs, bytesMax: 100_000_000, ageMaxMs: 86_400_000, nowMs: NOW },
});

function fill(store: OutboxStore): void {
  for (let i = 0; i < PACKS; i += 50) {
    store.append(
      Array.from({ length: 50 }, (_, k) => draft(i + k + 1)),
      NOW,
    );
  }
  for (let n = 0; ; ) {
    const packs = store.read(n, all);
    for (const { seq, body } of packs) appended.set(seq, body);
    if (packs.length === 0) break;
    n = packs.at(-1)?.n ?? n;
  }
  for (const id of COMMANDS) store.rememberCommand(id, '{}', { boot: BOOT, deadlineMs: 1.5 });
  store.applyMark({ epoch: FIRST, seq: MARK, log: 'log-1', generation: 1 });
}

function map(): void {
  const db = new DatabaseSync(file);
  const pages = db.prepare('SELECT name, path, pageno, pagetype, ncell FROM dbstat ORDER BY path').all();
  let n = 0;
  const firstOf = new Map<string, number>();
  for (const { name, path, pageno, pagetype, ncell } of pages) {
    nameOf.set(Number(pageno), String(name));
    if (name !== 'pack' || pagetype === 'internal') continue;
    const [leaf = '', rest = ''] = String(path).split(/(?<=^\/(?:[0-9a-f]+\/)*)(?=[0-9a-f]+\+)/);
    if (pagetype === 'leaf') {
      firstOf.set(leaf, n + 1);
      packsOn.set(Number(pageno), new Set(Array.from({ length: Number(ncell) }, (_, i) => n + i + 1)));
      n += Number(ncell);
    } else {
      const cell = Number.parseInt(rest, 16);
      packsOn.set(Number(pageno), new Set([(firstOf.get(leaf) ?? Number.NaN) + cell]));
    }
  }
  db.close();
  expect(n).toBe(PACKS);
}

beforeAll(() => {
  folder = mkdtempSync(join(memory, 'outbox-damage-'));
  file = join(folder, 'outbox.db');
  const store = openOutboxStore(options([FIRST, THIRD]));
  fill(store);
  store.close();
  map();
  whole = readFileSync(file);
});
beforeEach(clear);
afterAll(() => rmSync(folder, { recursive: true }));

function clear(): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
}

type Received = { readonly sent: Set<number>; readonly declared: Set<number> };

/** Everything that waits, as a log would get it; `sent` counts only what is byte for byte what was appended. */
function receive(store: OutboxStore, into: Received): void {
  for (let n = 0; ; ) {
    const packs = store.read(n, all);
    if (packs.length === 0) return;
    n = packs.at(-1)?.n ?? n;
    for (const { epoch, seq, body } of packs) {
      for (const { body: gap } of decodePack(body).pack.events) {
        if (gap['epoch'] !== FIRST) continue;
        for (let lost = Number(gap['fromSeq']); lost <= Number(gap['toSeq']); lost++) into.declared.add(lost);
      }
      if (epoch !== FIRST || seq > PACKS) continue;
      expect(body).toBe(appended.get(seq));
      into.sent.add(seq);
    }
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Opens what was damaged and holds it against the law; `unsafe`: packs that had bytes where the damage is. */
function hold(unsafe: ReadonlySet<number>, isCommandSafe: boolean): Received {
  const store = openOutboxStore(options([SECOND, THIRD]));
  const received = { sent: new Set<number>(), declared: new Set<number>() };
  receive(store, received);
  expect(range(MARK + 1, PACKS).filter((seq) => !received.sent.has(seq) && !unsafe.has(seq))).toEqual([]);
  expect(range(MARK + 1, PACKS).filter((seq) => !received.sent.has(seq) && !received.declared.has(seq))).toEqual([]);
  // The reserve was saved, too: a log that has lost everything gets it, or hears that it is gone.
  store.applyMark({ epoch: FIRST, seq: 0 });
  receive(store, received);
  expect(range(1, PACKS).filter((seq) => !received.sent.has(seq) && !unsafe.has(seq))).toEqual([]);
  expect(range(1, PACKS).filter((seq) => !received.sent.has(seq) && !received.declared.has(seq))).toEqual([]);
  expect([...received.declared].filter((seq) => seq < 1 || seq > PACKS)).toEqual([]);
  if (isCommandSafe) expect(store.openCommands().map(({ id }) => id)).toEqual(COMMANDS);
  const { headN } = store.append([draft(5000)], NOW);
  const newest = store.read(headN - 1, all).at(-1)?.body ?? '';
  expect(decodePack(newest).pack.samples).toEqual(draft(5000).samples);
  store.close();
  return received;
}

/** The same pages each day; with LONG=1 all of them. */
function sampled<T>(items: readonly T[], count: number): T[] {
  const step = isLong ? 1 : Math.max(1, Math.floor(items.length / count));
  return items.filter((_, i) => i % step === 0);
}

/** Lehmer's, for places that are the same each time. */
function* chances(seed: number): Generator<number> {
  for (let state = seed; ; state = (state * 48_271) % 2_147_483_647) yield state;
}

const pagesOf = () => range(1, whole.length / PAGE);
const isCommand = (page: number) => page === 1 || /command/.test(nameOf.get(page) ?? '');
const unsafeOf = (page: number) => packsOn.get(page) ?? new Set<number>();

describe('An outbox file with a damaged page', { timeout: 600_000 }, () => {
  it.each([
    ['zeroed', 0],
    ['overwritten', 0xa5],
  ])('that is %s keeps every pack on the other pages, and declares the rest', (_, fill) => {
    const special = pagesOf().filter((page) => nameOf.get(page) !== 'pack' || !packsOn.has(page));
    for (const page of new Set([...sampled(pagesOf(), 14), ...sampled(special, 6), 1, 2, 3, 4, 5, 6, 7])) {
      clear();
      const bytes = Buffer.from(whole);
      bytes.fill(fill, (page - 1) * PAGE, page * PAGE);
      writeFileSync(file, bytes);
      const { sent, declared } = hold(unsafeOf(page), !isCommand(page));
      // A file that SQLite itself cannot read any more is known row by row: nothing is declared that was sent.
      expect([...declared].filter((seq) => sent.has(seq))).toEqual([]);
    }
  });

  it('of which one bit is flipped sends nothing that was not appended', () => {
    const chance = chances(7);
    const next = (below: number) => (chance.next().value ?? 0) % below;
    for (const page of [...sampled(pagesOf(), 16), 1, 2, 3, 4, 5, 6, 7].flatMap((page) => [page, page])) {
      clear();
      const bytes = Buffer.from(whole);
      const at = next(PAGE);
      // The file's version: one bit there makes it a newer one, which is refused.
      if (page === 1 && at >= 60 && at < 64) continue;
      bytes.writeUInt8(bytes.readUInt8((page - 1) * PAGE + at) ^ (1 << next(8)), (page - 1) * PAGE + at);
      writeFileSync(file, bytes);
      hold(unsafeOf(page), !isCommand(page));
    }
  });

  it('cut off anywhere behind the counts keeps what stands before, and declares the rest', () => {
    const counts = pagesOf().find((page) => nameOf.get(page) === 'epoch') ?? 0;
    for (const page of sampled(pagesOf().slice(counts, -1), 15)) {
      clear();
      writeFileSync(file, whole.subarray(0, page * PAGE - 17));
      const gone = pagesOf().slice(page - 1);
      hold(new Set(gone.flatMap((lost) => [...unsafeOf(lost)])), !gone.some(isCommand));
    }
  });

  it('cut off before its counts begins anew, for nothing is known', () => {
    for (const size of [1, 99, 4096, 5000, 3 * PAGE]) {
      clear();
      writeFileSync(file, whole.subarray(0, size));
      const store = openOutboxStore(options([SECOND, THIRD]));
      expect([store.epoch(), store.backlog().packs, store.damagedFile === null]).toEqual([SECOND, 0, false]);
      expect(store.append([draft(1)], NOW).packs).toBe(1);
      store.close();
    }
  });
});

describe('An outbox whose machine lost power', { timeout: 600_000 }, () => {
  /** The file with its log, as it stands while the outbox is in use. */
  const inUse = (packs: number) => {
    clear();
    const store = openOutboxStore(options([FIRST, THIRD]));
    for (let i = 0; i < packs; i += 2) store.append(range(i + 1, i + 2).map(draft), NOW);
    const copies = ['', '-wal'].map((suffix) => readFileSync(`${file}${suffix}`));
    store.close();
    clear();
    return { db: copies[0] ?? Buffer.alloc(0), wal: copies[1] ?? Buffer.alloc(0) };
  };

  it('and then a page of its file: what the log of writes has of it counts', () => {
    const { db, wal } = inUse(600);
    const [inFile, inLog] = [db.length / PAGE, wal.length / PAGE];
    expect([inFile > 20, inLog > 20]).toEqual([true, true]);
    for (const page of range(1, inFile)) {
      clear();
      const bytes = Buffer.from(db);
      bytes.fill(0xa5, (page - 1) * PAGE, page * PAGE);
      writeFileSync(file, bytes);
      writeFileSync(`${file}-wal`, wal);
      const store = openOutboxStore(options([SECOND, THIRD]));
      const received = { sent: new Set<number>(), declared: new Set<number>() };
      receive(store, received);
      expect(range(1, 600).filter((seq) => !received.sent.has(seq) && !received.declared.has(seq))).toEqual([]);
      // A page holds a dozen packs.
      expect(received.sent.size).toBeGreaterThan(560);
      store.close();
    }
  });

  it('and the log of writes: its old numbers are not given to new packs once the log behind the broker is heard', () => {
    const { db } = inUse(600);
    writeFileSync(file, db);
    const store = openOutboxStore(options([SECOND, THIRD]));
    store.append([draft(7000)], NOW);
    expect([store.epoch(), store.backlog().packs < 600]).toEqual([FIRST, true]);
    const { isOldCopy } = store.applyMark({ epoch: FIRST, seq: 600, log: 'log-1', generation: 1 });
    expect(isOldCopy).toBe(true);
    expect(store.epoch()).not.toBe(FIRST);
    const samples = store
      .read(0, { ...all, packs: 1000 })
      .flatMap(({ epoch, body }) => (epoch === FIRST ? [] : decodePack(body).pack.samples));
    expect(samples).toContainEqual(draft(7000).samples[0]);
    store.close();
  });

  it('while its damaged file was replaced: the next start ends it, whichever step came last', () => {
    const bytes = Buffer.from(whole);
    bytes.fill(0, 9 * PAGE, 10 * PAGE);
    // The new file was not whole yet.
    writeFileSync(file, bytes);
    writeFileSync(`${file}.salvaged`, whole.subarray(0, 20_000));
    hold(unsafeOf(10), true);
    // It was whole, and the damaged one had just been moved; its log of writes had not.
    clear();
    writeFileSync(file, bytes);
    openOutboxStore(options([SECOND, THIRD])).close();
    copyFileSync(file, `${file}.salvaged`);
    rmSync(file);
    writeFileSync(`${file}-wal`, 'of the damaged file');
    const store = openOutboxStore(options([SECOND, THIRD]));
    const received = { sent: new Set<number>(), declared: new Set<number>() };
    receive(store, received);
    expect(received.sent.size + received.declared.size).toBe(PACKS - MARK);
    store.close();
  });
});

describe('An outbox in use', { timeout: 600_000 }, () => {
  it.each([[0], [0xa5]])(
    'whose pages turn into %i under it goes on in a new file and loses only what stood there',
    (fill) => {
      for (const page of sampled(pagesOf().slice(1), 12)) {
        clear();
        writeFileSync(file, whole);
        const store = openOutboxStore(options([SECOND, THIRD]));
        const bytes = Buffer.from(whole);
        bytes.fill(fill, (page - 1) * PAGE, page * PAGE);
        writeFileSync(file, bytes);
        const received = { sent: new Set<number>(), declared: new Set<number>() };
        for (let i = 0; i < 5; i++) store.append([draft(6000 + i)], NOW);
        receive(store, received);
        // What it had in memory of a page is not damaged, and what it never looked at is found at the next start.
        store.close();
        const again = openOutboxStore(options([THIRD, SECOND]));
        receive(again, received);
        const lost = range(MARK + 1, PACKS).filter((seq) => !received.sent.has(seq));
        expect(lost.filter((seq) => !unsafeOf(page).has(seq) || !received.declared.has(seq))).toEqual([]);
        again.close();
      }
    },
  );

  it('keeps the last three damaged files, so that a dying card is not filled with them', () => {
    for (let i = 0; i < 6; i++) {
      writeFileSync(file, 'not a database, but long enough to look at '.repeat(200));
      openOutboxStore(options([SECOND, THIRD])).close();
    }
    expect(readdirSync(folder).filter((name) => name.includes('damaged'))).toHaveLength(3);
  });
});
