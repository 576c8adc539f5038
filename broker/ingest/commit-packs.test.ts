import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { EventRecord, Sample } from '@commonworks/core';
import { encodePack } from '@commonworks/core';
import { readDeadLetters, readLog } from '@commonworks/telemetry/log/read-log.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commitPacks, judgeSomeAgain } from './commit-packs.ts';
import type { CommitTables } from './log-tables.ts';
import { openLogTables } from './log-tables.ts';

const EDGE = '01890000-0000-7000-8000-000000000001';
const OTHER = '01890000-0000-7000-8000-000000000002';
const EPOCH = '01890000-0000-7000-8000-0000000000e1';
const NEXT_EPOCH = '01890000-0000-7000-8000-0000000000e2';
const BOOT = '01890000-0000-7000-8000-0000000000b1';
const NOW = Date.UTC(2026, 10, 20);
const KEY = { edge: EDGE, device: 'home-1', point: 'importedWh' } as const;
const ALL = { fromMs: 0, toMs: NOW * 2 };

function openTables(): CommitTables {
  const db = new DatabaseSync(':memory:');
  for (const migration of TELEMETRY_MIGRATIONS) db.exec(migration);
  return openLogTables(db);
}

const reading = (timeMs: number, value: number): Sample => ({
  device: 'home-1',
  point: 'importedWh',
  timeMs,
  value,
  quality: 'good',
});

type Content = { samples?: readonly Sample[]; events?: readonly EventRecord[]; epoch?: string; edge?: string };

function packText(seq: number, { samples = [], events = [], epoch = EPOCH, edge = EDGE }: Content = {}): string {
  return encodePack({ edge, epoch, seq, boot: BOOT, samples, events });
}

function commit(tables: CommitTables, ...bodies: string[]) {
  const packs = bodies.map((body) => ({ edge: EDGE, body: Buffer.from(body), receivedMs: NOW }));
  return commitPacks(tables, packs);
}

const letters = (tables: CommitTables) =>
  readDeadLetters(tables.db, { after: 0, limit: 1000 }).map(({ kind, code, seq }) => ({ kind, code, seq }));
const markOf = (tables: CommitTables, epoch = EPOCH) => tables.log.marks().find((mark) => mark.epoch === epoch)?.seq;
const values = (tables: CommitTables) => tables.series.range(KEY, ALL).map((point) => point.value);

describe('a pack that makes our own code fail', () => {
  it('is found among sixty in a few commits, and its neighbours are held', () => {
    const tables = openTables();
    const { series, db } = tables;
    const stage = series.stage.bind(series);
    series.stage = (samples) => {
      if (samples.some(({ value }) => value === 666)) throw new RangeError('Maximum call stack size exceeded');
      return stage(samples);
    };
    let commits = 0;
    const exec = db.exec.bind(db);
    db.exec = (sql) => {
      if (sql.startsWith('BEGIN')) commits += 1;
      exec(sql);
    };
    const bodies = Array.from({ length: 64 }, (_, n) =>
      packText(n + 1, { samples: [reading(NOW + n, n === 40 ? 666 : n)] }),
    );
    const { outcomes } = commit(tables, ...bodies);
    expect(outcomes.map((outcome, n) => (outcome === 'held' ? null : [n, outcome])).filter(Boolean)).toEqual([
      [40, 'quarantined'],
    ]);
    expect(values(tables)).toHaveLength(63);
    // Six halvings of two commits each, the first try and the quarantine.
    expect(commits).toBeLessThanOrEqual(14);
  });
});

describe('readings of many days', () => {
  it('are told by edge, since each day is a block of its own', () => {
    const tables = openTables();
    const day = 86_400_000;
    const many = Array.from({ length: 300 }, (_, n) => reading(NOW - n * day, n));
    const { spread } = commit(tables, packText(1, { samples: many }));
    expect(spread).toEqual([{ edge: EDGE, days: 300 }]);
    expect(commit(tables, packText(2, { samples: [reading(NOW + 1, 1)] })).spread).toEqual([]);
  });
});

describe('a group commit', () => {
  it('keeps packs byte for byte under a rising cursor, and their readings in the series', () => {
    const tables = openTables();
    const bodies = [
      packText(1, { samples: [reading(NOW, 1)] }),
      ` ${packText(2, { samples: [reading(NOW + 1, 2)] })}\n`,
    ];
    const report = commit(tables, ...bodies);
    expect(report.outcomes).toEqual(['held', 'held']);
    expect([report.head, markOf(tables)]).toEqual([2, 2]);
    const { entries } = readLog(tables.db, { after: 0, limit: 10 });
    expect(entries.map(({ cursor, seq, body }) => [cursor, seq, body])).toEqual([
      [1, 1, bodies[0]],
      [2, 2, bodies[1]],
    ]);
    expect(values(tables)).toEqual([1, 2]);
  });

  it('changes nothing when packs come again, in the same commit or a later one', () => {
    const tables = openTables();
    const body = packText(1, { samples: [reading(NOW, 1)] });
    expect(commit(tables, body, body).outcomes).toEqual(['held', 'repeated']);
    expect(commit(tables, body).outcomes).toEqual(['repeated']);
    expect([readLog(tables.db, { after: 0, limit: 10 }).entries.length, letters(tables), values(tables)]).toEqual([
      1,
      [],
      [1],
    ]);
  });

  it('quarantines other bytes under a known key and keeps the first', () => {
    const tables = openTables();
    commit(tables, packText(1, { samples: [reading(NOW, 1)] }));
    expect(commit(tables, packText(1, { samples: [reading(NOW, 2)] })).outcomes).toEqual(['quarantined']);
    expect(letters(tables)).toEqual([{ kind: 'pack', code: 'broker.pack-key-reused', seq: 1 }]);
    expect([values(tables), markOf(tables)]).toEqual([[1], 1]);
  });

  it('tells whoever reused a key which bytes stand there, before any mark it could take for its own', () => {
    const tables = openTables();
    const first = packText(1, { samples: [reading(NOW, 1)] });
    commit(tables, first, packText(2));
    const other = packText(1, { samples: [reading(NOW, 2)] });
    const next = packText(3, { samples: [reading(NOW + 1, 2)] });
    const { marks } = commit(tables, other, next);
    const hash = (body: Uint8Array | string) => createHash('sha256').update(body).digest('hex');
    expect(marks).toMatchObject([
      { seq: 1, hash: hash(first) },
      { seq: 3, hash: hash(next) },
    ]);
    expect(commit(tables, packText(4)).marks).toMatchObject([{ seq: 4 }]);
  });

  it('moves the mark over the contiguous prefix only', () => {
    const tables = openTables();
    commit(tables, packText(2), packText(3));
    expect(markOf(tables)).toBe(0);
    commit(tables, packText(1));
    expect(markOf(tables)).toBe(3);
  });

  it('has the same marks after a restart, whatever the order of arrival', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 12 }), (seqs) => {
        const tables = openTables();
        for (const seq of seqs) commit(tables, packText(seq));
        expect(openLogTables(tables.db).log.marks()).toEqual(tables.log.marks());
        let mark = 0;
        while (seqs.includes(mark + 1)) mark++;
        expect(markOf(tables) ?? 0).toBe(mark);
      }),
      { numRuns: 30 },
    );
  });

  it('begins a new epoch at one, beside the old', () => {
    const tables = openTables();
    commit(tables, packText(1), packText(2), packText(1, { epoch: NEXT_EPOCH }));
    expect([markOf(tables), markOf(tables, NEXT_EPOCH)]).toEqual([2, 1]);
  });

  it('moves on over a declared gap, also of an older epoch, but not over one that lies ahead', () => {
    const tables = openTables();
    const gap = (body: Record<string, unknown>): EventRecord => ({ device: 'edge', type: 'gap', timeMs: NOW, body });
    commit(tables, packText(1));
    commit(tables, packText(5, { events: [gap({ epoch: EPOCH, fromSeq: 2, toSeq: 4, reason: 'outbox full' })] }));
    expect(markOf(tables)).toBe(5);
    commit(tables, packText(6, { events: [gap({ epoch: EPOCH, fromSeq: 7, toSeq: 99, reason: 'wish' })] }));
    expect([markOf(tables), letters(tables).length]).toEqual([6, 1]);
    const old = gap({ epoch: EPOCH, fromSeq: 7, toSeq: 9, reason: 'file lost' });
    commit(tables, packText(1, { epoch: NEXT_EPOCH, events: [old] }));
    expect(markOf(tables)).toBe(9);
    expect(openLogTables(tables.db).log.marks()).toEqual(tables.log.marks());
  });

  it('holds what was declared of an epoch that it does not know: a log that was lost has forgotten it', () => {
    const tables = openTables();
    const gap = (epoch: string): EventRecord => ({
      ...{ device: 'edge', type: 'gap', timeMs: NOW },
      body: { epoch, fromSeq: 1, toSeq: 40, reason: 'the log lost it' },
    });
    commit(tables, packText(1, { events: [gap(NEXT_EPOCH)] }));
    expect([markOf(tables), markOf(tables, NEXT_EPOCH), letters(tables).length]).toEqual([1, 40, 0]);
    commit(tables, packText(2, { events: [gap('no epoch at all')] }));
    expect(letters(tables).length).toBe(1);
  });

  it('can be opened again after a device declared a gap beyond what a number holds', () => {
    const tables = openTables();
    const gap = (toSeq: number): EventRecord => ({
      ...{ device: 'edge', type: 'gap', timeMs: NOW },
      body: { epoch: EPOCH, fromSeq: 2, toSeq, reason: '' },
    });
    commit(tables, packText(1), packText(1, { epoch: NEXT_EPOCH, events: [gap(1e17)] }));
    commit(tables, packText(2, { epoch: NEXT_EPOCH, events: [gap(1e300)], samples: [reading(NOW, 1)] }));
    expect([markOf(tables), markOf(tables, NEXT_EPOCH)]).toEqual([1, 2]);
    expect(values(tables)).toEqual([1]);
    expect(openLogTables(tables.db).log.marks()).toEqual(tables.log.marks());
  });

  it('quarantines a pack that names another edge', () => {
    const tables = openTables();
    expect(commit(tables, packText(1, { edge: OTHER })).outcomes).toEqual(['quarantined']);
    expect(letters(tables)).toEqual([{ kind: 'pack', code: 'broker.pack-foreign', seq: 1 }]);
    expect(tables.log.marks()).toEqual([]);
  });

  it('counts a poison pack as held when its key can be read, once, and goes on', () => {
    const tables = openTables();
    const poison = `${packText(2).slice(0, -1)},`;
    expect(commit(tables, packText(1), poison, packText(3)).outcomes).toEqual(['held', 'quarantined', 'held']);
    expect(markOf(tables)).toBe(3);
    expect(commit(tables, poison).outcomes).toEqual(['repeated']);
    expect(letters(tables)).toEqual([{ kind: 'pack', code: 'core.pack-malformed', seq: 2 }]);
    expect(commit(tables, 'garbage').outcomes).toEqual(['quarantined']);
    expect(openLogTables(tables.db).log.marks()).toEqual(tables.log.marks());
  });

  it('sends unreadable records and impossible times to the dead letters and keeps the rest', () => {
    const tables = openTables();
    const body = JSON.parse(
      packText(1, {
        samples: [
          reading(NOW, 1),
          reading(NOW - 401 * 86_400_000, 2),
          reading(NOW + 300_001, 3),
          reading(NOW + 300_000, 4),
        ],
      }),
    ) as object[];
    const records = [
      { n: 'home-1/moonPhase', t: NOW / 1000, v: 1 },
      { n: 'home-1/importedWh', t: NOW / 1000, v: 'x' },
    ];
    expect(commit(tables, JSON.stringify([...body, ...records])).outcomes).toEqual(['held']);
    expect(values(tables)).toEqual([1, 4]);
    const codes = letters(tables).map(({ kind, code }) => `${kind} ${code}`);
    expect(codes).toEqual([
      'record broker.record-rejected',
      'record broker.record-rejected',
      'record broker.time-outside-window',
      'record broker.time-outside-window',
    ]);
  });

  it('keeps the first of two values for one time and files the second', () => {
    const tables = openTables();
    commit(tables, packText(1, { samples: [reading(NOW, 1)] }), packText(2, { samples: [reading(NOW, 9)] }));
    expect(values(tables)).toEqual([1]);
    expect(letters(tables)).toEqual([{ kind: 'conflict', code: 'broker.sample-conflict', seq: 2 }]);
  });

  it('places readings of a boot without time when its clock is told', () => {
    const tables = openTables();
    commit(tables, packText(1, { samples: [reading(5000, 1)] }));
    expect(values(tables)).toEqual([]);
    const clock: EventRecord = {
      device: 'edge',
      type: 'clock',
      timeMs: 6000,
      body: { boot: BOOT, offsetMs: NOW - 10_000 },
    };
    commit(tables, packText(2, { events: [clock] }), packText(3, { samples: [reading(7000, 2)] }));
    expect(tables.series.range(KEY, ALL).map(({ timeMs, value }) => [timeMs - NOW, value])).toEqual([
      [-5000, 1],
      [-3000, 2],
    ]);
    expect(letters(tables)).toEqual([]);
  });
});

describe('a boot that waited long for its clock', () => {
  it('has every reading placed, however many packs waited, and holds up nobody with it', () => {
    const tables = openTables();
    const waiting = Array.from({ length: 2500 }, (_, i) => packText(i + 1, { samples: [reading(i * 1000, i)] }));
    commit(tables, ...waiting);
    const clock = { device: 'edge', type: 'clock', timeMs: NOW, body: { boot: BOOT, offsetMs: NOW - 3_600_000 } };
    expect(commit(tables, packText(2501, { events: [clock] })).hasDeferred).toBe(true);
    // The rest has its turn beside the data, in transactions of two hundred packs.
    const placed = [values(tables).length];
    expect(commit(tables, packText(2502)).hasDeferred).toBe(false);
    const hub = { nowMs: NOW, isTrusted: true, boot: 'hub', upMs: 0 };
    for (let after: number | null = 0; after !== null; placed.push(values(tables).length)) {
      after = judgeSomeAgain(tables, { reason: 'told', afterCursor: after, hub });
    }
    expect(Math.max(...placed.map((count, k) => count - (placed[k - 1] ?? 0)))).toBe(200);
    expect(values(tables)).toEqual(waiting.map((_, i) => i));
    expect(tables.clocks.waiting()).toEqual([]);
  });
});

describe('a full disk', () => {
  it('fails the whole commit, leaves no trace, and the same packs are taken once there is room', () => {
    const tables = openTables();
    commit(tables, packText(1, { samples: [reading(NOW, 1)] }));
    const pages = Number(tables.db.prepare('PRAGMA page_count').get()?.['page_count']);
    tables.db.exec(`PRAGMA max_page_count = ${pages + 2}`);
    // Random-like values, so that compression does not make them fit.
    const many = Array.from({ length: 800 }, (_, i) => reading(NOW - i * 997, Math.sin(i) * 1e6));
    const batch = [packText(2, { samples: many }), packText(3, { epoch: NEXT_EPOCH })];
    expect(() => commit(tables, ...batch)).toThrow(/full/);
    expect([tables.log.head, markOf(tables), markOf(tables, NEXT_EPOCH), values(tables)]).toEqual([
      1,
      1,
      undefined,
      [1],
    ]);
    tables.db.exec('PRAGMA max_page_count = 1000000');
    expect(commit(tables, ...batch).outcomes).toEqual(['held', 'held']);
    expect([tables.log.head, markOf(tables), values(tables).length]).toEqual([3, 2, 800]);
    expect(openLogTables(tables.db).series.range(KEY, ALL).length).toBe(800);
  });
});

describe('a database that another program holds', () => {
  it('fails the commit instead of quarantining a good pack, which is taken when it comes again', () => {
    const folder = mkdtempSync(join(tmpdir(), 'commit-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'telemetry.db');
    const db = new DatabaseSync(file, { timeout: 0 });
    for (const migration of TELEMETRY_MIGRATIONS) db.exec(migration);
    const other = new DatabaseSync(file, { timeout: 0 });
    const tables = openLogTables(db);
    const body = packText(1, { samples: [reading(NOW, 1)] });
    other.exec('BEGIN IMMEDIATE');
    // It lets go right after the first attempt: a second attempt, meant for packs at fault, would get through.
    const rolledBack = tables.log.rolledBack.bind(tables.log);
    tables.log.rolledBack = () => {
      rolledBack();
      if (other.isTransaction) other.exec('ROLLBACK');
    };
    expect(() => commit(tables, body)).toThrow(/locked/);
    expect(commit(tables, body).outcomes).toEqual(['held']);
    expect([values(tables), letters(tables)]).toEqual([[1], []]);
    other.close();
    db.close();
  });
});
