/** A telemetry.db whose every page is damaged in turn: nothing is served but what was acknowledged, and what is lost is said. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePack, isCoded, type LogEntry, type LogHole, type PackKey, type Sample } from '@commonworks/core';
import { hashAt } from '@commonworks/telemetry/log/judge-follower.ts';
import { readLog } from '@commonworks/telemetry/log/read-log.ts';
import { isDamage } from '@commonworks/telemetry/log/row-check.ts';
import { openForReading } from '@commonworks/telemetry/sqlite/open-database.ts';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { LogWitness } from '../broker-tables.ts';
import { commitPacks } from './commit-packs.ts';
import { type OpenedLog, openLog } from './open-log.ts';
import { setAside } from './set-aside.ts';
import { verifyLog } from './verify-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonworks-damaged-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOW = Date.UTC(2026, 10, 28);
const PAGE = 4096;
const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const EDGES = [1, 2, 3];
const PACKS = 90;
const isLong = process.env['LONG'] === '1';
vi.setConfig({ testTimeout: isLong ? 600_000 : 120_000 });

const keyOf = ({ edge, epoch, seq }: PackKey) => `${edge}/${epoch}/${seq}`;

/** Of very different sizes, so that some lie on overflow pages. */
function samplesOf(n: number, seq: number): Sample[] {
  return Array.from({ length: seq % 30 === 0 ? 120 : 1 + (seq % 4) }, (_, k) => {
    const value = createHash('sha256').update(`${n} ${seq} ${k}`).digest().readUInt32BE(0) / 8;
    const timeMs = NOW - 9_000_000 + seq * 1000 + k;
    return { device: `meter-${k % 7}`, point: 'importedWh', timeMs, value, quality: 'good' };
  });
}

function bodyOf(n: number, seq: number): Buffer {
  const samples = samplesOf(n, seq);
  const events =
    seq === 2
      ? [
          {
            device: 'edge',
            type: 'gap',
            timeMs: NOW - 1,
            body: { epoch: uuid(20 + n), fromSeq: 1, toSeq: 1, reason: 'full' },
          },
        ]
      : [];
  return Buffer.from(encodePack({ edge: uuid(n), epoch: uuid(20 + n), seq, boot: uuid(40 + n), samples, events }));
}

const READINGS = new Map<string, [number, number][]>();
for (const n of EDGES) {
  for (let seq = 2; seq < PACKS + 2; seq++) {
    for (const { device, timeMs, value } of samplesOf(n, seq)) {
      const key = `${n}/${device}`;
      READINGS.set(key, [...(READINGS.get(key) ?? []), [timeMs, Number(value)]]);
    }
  }
}

type Sent = { readonly key: string; readonly edge: string; readonly body: Buffer };
/** Every pack of every edge but the first, which is declared lost. */
const SENT: readonly Sent[] = Array.from({ length: PACKS }, (_, k) => k + 2).flatMap((seq) =>
  EDGES.map((n) => ({ key: keyOf({ edge: uuid(n), epoch: uuid(20 + n), seq }), edge: uuid(n), body: bodyOf(n, seq) })),
);

function send(log: OpenedLog, packs: readonly Sent[]): void {
  for (let i = 0; i < packs.length; i += 9) {
    commitPacks(
      log,
      packs.slice(i, i + 9).map(({ edge, body }) => ({ edge, body, receivedMs: NOW + i })),
    );
  }
}

function witnessOf(log: OpenedLog): LogWitness {
  const { identity, db } = log;
  const { generation, sinceMs } = identity.current;
  const hash = hashAt(db, log.log.head);
  return { log: identity.log, generation, sinceMs, head: log.log.head, hash, writtenMs: NOW };
}

/** As it was acknowledged; `wal`: the last packs are in the write-ahead log only. */
const original = join(folder, 'original.db');
const made = openLog(original, { witness: null, nowMs: NOW });
send(made, SENT.slice(0, 240));
made.series.sealAll();
made.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
send(made, SENT.slice(240));
const witness = witnessOf(made);
const marks = made.log.marks();
const acknowledged = new Map(readAll(made).entries.map((entry) => [keyOf(entry), entry]));
for (const suffix of ['', '-wal']) copyFileSync(`${original}${suffix}`, join(folder, `kept.db${suffix}`));
made.close();
const pages = Math.ceil(statSync(join(folder, 'kept.db')).size / PAGE);

function readAll({ db, log }: Pick<OpenedLog, 'db' | 'log'>): {
  entries: LogEntry[];
  holes: LogHole[];
  found: LogHole[];
} {
  const all = { entries: [] as LogEntry[], holes: [] as LogHole[], found: [] as LogHole[] };
  for (let after = 0; ; ) {
    const { entries, holes, found, next } = readLog(db, { after, limit: 100, head: log.head });
    if (next === after) return all;
    all.entries.push(...entries);
    all.holes.push(...holes);
    all.found.push(...found);
    after = next;
  }
}

let copies = 0;
function damagedCopy(damage: (path: string) => void): string {
  const path = join(folder, `copy-${++copies}.db`);
  for (const suffix of ['', '-wal']) copyFileSync(join(folder, `kept.db${suffix}`), `${path}${suffix}`);
  damage(path);
  return path;
}

function removeCopy(path: string): void {
  for (const file of readdirSync(folder)) if (join(folder, file).startsWith(path)) rmSync(join(folder, file));
}

/** Each entry as it was acknowledged, but for a new cursor where it came again. */
function checkServed(entries: readonly LogEntry[], isSameCursor: boolean): void {
  for (const entry of entries) {
    const was = acknowledged.get(keyOf(entry));
    expect(was).toBeDefined();
    expect({ ...entry, ...(isSameCursor ? {} : { cursor: was?.cursor, receivedMs: was?.receivedMs }) }).toEqual(was);
  }
}

/** What a reader beside a running writer gives: it may fail, but must not lie, nor pass anything over in silence. */
function readBeside(path: string): void {
  let db: ReturnType<typeof openForReading>;
  try {
    db = openForReading(path);
  } catch {
    return;
  }
  try {
    const { entries, holes } = readAll({ db, log: { head: witness.head } as OpenedLog['log'] });
    checkServed(entries, true);
    const told = holes.reduce((sum, { fromCursor, toCursor }) => sum + toCursor - fromCursor + 1, entries.length);
    expect(told).toBe(witness.head);
  } catch (error) {
    if (!/SQLITE|malformed|not a database|no such|disk image|unsupported|ERR_SQLITE/.test(String(error))) throw error;
  } finally {
    db.close();
  }
}

/** From the damage to a whole log: told, set aside, and sent again. Damage met on the way ends the process: it starts anew. */
function mend(path: string, isSalvageWanted = false): void {
  const log = openLog(path, { witness, nowMs: NOW, isSalvageWanted });
  try {
    serveAndMend(log);
  } catch (error) {
    if (!isDamageMet(error) || isSalvageWanted) throw error;
    log.close();
    mend(path, true);
    return;
  }
  log.close();
}

const isDamageMet = (error: unknown) => isDamage(error) || isCoded(error, 'telemetry.chunk-corrupt');

function serveAndMend(log: OpenedLog): void {
  const before = readAll(log);
  checkServed(before.entries, true);
  const told = new Set(before.holes.flatMap(({ fromCursor, toCursor }) => cursorsBetween(fromCursor, toCursor)));
  for (const { cursor } of before.entries) told.add(cursor);
  const untold = [...acknowledged.values()].filter(({ cursor }) => !told.has(cursor));
  // A head that fell is told by the witness.
  expect(untold.filter(({ cursor }) => cursor <= log.log.head)).toEqual([]);
  setAside(log, before.found, NOW);
  const wanted = log.log.marks().flatMap((mark) => mark.wanted.map((range) => ({ ...range, edge: mark.edge })));
  const again = SENT.filter(({ key }) => {
    const { edge, epoch, seq } = acknowledged.get(key) as LogEntry;
    const isOf = (one: (typeof wanted)[number]) => one.edge === edge && one.epoch === epoch;
    const isWanted = wanted.some((one) => isOf(one) && one.fromSeq <= seq && seq <= one.toSeq);
    return isWanted || seq > log.log.mark(edge, epoch).seq;
  });
  send(log, again);
  const after = readAll(log);
  checkServed(after.entries, false);
  expect(after.entries.map(keyOf).sort()).toEqual([...acknowledged.keys()].sort());
  // They are made anew from the packs; before that `log verify` tells of damage in them.
  if (log.salvaged !== null) checkSeries(log);
}

const cursorsBetween = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, k) => from + k);

/** The readings that an edge sent, as the series answers them. */
function checkSeries({ series }: OpenedLog): void {
  for (const n of EDGES) {
    for (const device of ['meter-0', 'meter-3', 'meter-6']) {
      const key = { edge: uuid(n), device, point: 'importedWh' } as const;
      const points = series.range(key, { fromMs: 0, toMs: NOW }).map(({ timeMs, value }) => [timeMs, value]);
      expect(points).toEqual(READINGS.get(`${n}/${device}`) ?? []);
    }
  }
}

/** The same ones on every machine: some pages of the daily run, all of them in the long one. */
function chosen(count: number, of: number): number[] {
  const all = Array.from({ length: of }, (_, k) => k);
  const rank = (k: number) => createHash('sha256').update(`page ${k}`).digest().readUInt32BE(0);
  return isLong
    ? all
    : all
        .sort((a, b) => rank(a) - rank(b))
        .slice(0, count)
        .concat(0);
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << (offset % 8));
  writeFileSync(path, bytes);
}

/** Whether what is answered from it, or is missing there, differs from what was acknowledged: then it must be found. */
function verify(path: string): void {
  const differs = isAnsweredWrong(path);
  const { verdict } = verifyLog(path, { witness });
  if (differs) expect(verdict).toBe('damaged');
}

function isAnsweredWrong(path: string): boolean {
  const unlocked = `${path}-answers.db`;
  for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, unlocked + suffix);
  try {
    const log = openLog(unlocked, { witness, nowMs: NOW });
    try {
      const { entries } = readAll(log);
      if (log.salvaged !== null || entries.length < acknowledged.size) return true;
      for (const entry of entries) expect(entry).toEqual(acknowledged.get(keyOf(entry)));
      for (const source of marks) expect(log.log.marks()).toContainEqual(source);
      checkSeries(log);
      return false;
    } finally {
      log.close();
    }
  } catch {
    return true;
  }
}

function check(name: string, damage: (path: string) => void): void {
  const third = damagedCopy(damage);
  try {
    verify(third);
  } catch (error) {
    throw new Error(`${name}, verified: ${String(error)}`, { cause: error });
  } finally {
    removeCopy(third);
  }
  const path = damagedCopy(damage);
  try {
    readBeside(path);
  } catch (error) {
    throw new Error(`${name}, beside: ${String(error)}`, { cause: error });
  } finally {
    removeCopy(path);
  }
  const again = damagedCopy(damage);
  try {
    mend(again);
  } catch (error) {
    throw new Error(`${name}, mended: ${String(error)}`, { cause: error });
  } finally {
    removeCopy(again);
  }
}

it('finds nothing wrong with a sound one', () => {
  const path = damagedCopy(() => undefined);
  expect(verifyLog(path, { witness })).toMatchObject({ verdict: 'sound', packs: 270, damaged: [], faults: [] });
  removeCopy(path);
});

describe('a damaged telemetry.db', () => {
  it('gives nothing else than was acknowledged, and has it all again when edges send it, with a page zeroed', () => {
    for (const page of chosen(12, pages)) {
      check(`page ${page + 1}`, (path) => {
        const bytes = readFileSync(path);
        bytes.fill(0, page * PAGE, (page + 1) * PAGE);
        writeFileSync(path, bytes);
      });
    }
  });

  it('so with one bit flipped', () => {
    for (const page of chosen(12, pages)) {
      for (const offset of [3, 9, 60, 700, 2048, 4090].slice(0, isLong ? 6 : 3 + (page % 3))) {
        check(`page ${page + 1}, offset ${offset}`, (path) => flip(path, page * PAGE + offset));
      }
    }
  });

  it('so with the file cut short', () => {
    for (const page of chosen(8, pages)) check(`cut at page ${page}`, (path) => truncateSync(path, page * PAGE));
  });

  it('so with the write-ahead log cut short, flipped or gone', () => {
    const size = statSync(join(folder, 'kept.db-wal')).size;
    for (const part of [0, 0.1, 0.35, 0.7, 0.99]) {
      check(`log cut at ${part}`, (path) => truncateSync(`${path}-wal`, Math.floor(size * part)));
      check(`log flipped at ${part}`, (path) => flip(`${path}-wal`, Math.floor(size * part)));
    }
    check('log gone', (path) => rmSync(`${path}-wal`));
    expect(existsSync(original)).toBe(true);
  });
});
