/** Whatever happens to outbox and log: each number that was ever given is held by the log or declared, and no body is another than was appended. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodePack, type MarkMessage, type SeqRange } from '@commonworks/core';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type KeptPack, type OutboxOptions, type OutboxStore, openOutboxStore, type PackDraft } from './store.ts';

const EDGE = '01900000-0000-7000-8000-000000000001';
const BOOT = '01900000-0000-7000-8000-0000000000b0';
const NOW = Date.UTC(2025, 0, 1);
const RUNS = process.env['LONG'] === '1' ? 1000 : 30;
const PAGE = 4096;
const idOf = (n: number) => `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'outbox-law-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** What a log knows of one epoch. */
type Source = { held: Map<number, string>; gaps: Set<number>; wanted: Set<number> };

/** A log as the contract has it, in plain sets. */
class ModelLog {
  name = 'log-1';
  generation = 1;
  sources = new Map<string, Source>();

  of(epoch: string): Source {
    const known = this.sources.get(epoch) ?? { held: new Map(), gaps: new Set(), wanted: new Set() };
    this.sources.set(epoch, known);
    return known;
  }

  take({ epoch, seq, body }: KeptPack): void {
    const source = this.of(epoch);
    expect(source.held.get(seq) ?? body).toBe(body);
    source.held.set(seq, body);
    source.wanted.delete(seq);
    for (const { type, body: gap } of decodePack(body).pack.events) {
      if (type !== 'gap') continue;
      const declared = this.of(String(gap['epoch']));
      for (let lost = Number(gap['fromSeq']); lost <= Number(gap['toSeq']); lost++) {
        declared.gaps.add(lost);
        declared.wanted.delete(lost);
      }
    }
  }

  mark(epoch: string): MarkMessage {
    const { held, gaps, wanted } = this.of(epoch);
    let seq = 0;
    while (held.has(seq + 1) || gaps.has(seq + 1) || wanted.has(seq + 1)) seq += 1;
    const body = held.get(seq);
    const hash = body === undefined ? {} : { hash: sha256(body) };
    const ranges = [...wanted].map((lost): SeqRange => ({ epoch, fromSeq: lost, toSeq: lost })).slice(0, 100);
    return { epoch, seq, ...hash, log: this.name, generation: this.generation, wanted: ranges };
  }

  copy(): ModelLog {
    const copy = new ModelLog();
    for (const [epoch, { held, gaps, wanted }] of this.sources) {
      copy.sources.set(epoch, { held: new Map(held), gaps: new Set(gaps), wanted: new Set(wanted) });
    }
    return copy;
  }
}

/** An agent with its file, and everything that is true of it. */
class World {
  readonly file = join(folder, 'outbox.db');
  readonly bytesMax: number;
  log = new ModelLog();
  backup = new ModelLog();
  /** What was appended, by its key; and how many numbers each epoch gave. */
  readonly appended = new Map<string, string>();
  readonly given = new Map<string, number>();
  kernelMs = 1000;
  cursorN = 0;
  names = 0x100;
  values = 0;
  store: OutboxStore;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.file}${suffix}`, { force: true });
    this.store = this.open();
  }

  open(): OutboxStore {
    this.cursorN = 0;
    const newEpochs = [idOf(this.names++), idOf(this.names++)] as const;
    const limits = { bytesMax: this.bytesMax, ageMaxMs: 86_400_000_000, nowMs: NOW };
    const options: OutboxOptions = { file: this.file, edge: EDGE, boot: BOOT, newEpochs, ...limits };
    return openOutboxStore(options, { kernelBoot: 'boot', kernelMs: () => this.kernelMs });
  }

  /** Read past the outbox's own code after each of its acts: what it wrote, and by its hash surely wrote so. */
  witness(): void {
    const db = new DatabaseSync(this.file);
    try {
      for (const { body: text, hash } of db.prepare('SELECT body, hash FROM pack ORDER BY n DESC').iterate()) {
        const body = String(text);
        if (sha256(body) !== Buffer.from(hash as Uint8Array).toString('hex')) continue;
        const { epoch, seq } = decodePack(body).pack;
        if (this.appended.has(`${epoch}.${seq}`)) break;
        this.appended.set(`${epoch}.${seq}`, body);
        this.given.set(epoch, Math.max(this.given.get(epoch) ?? 0, seq));
      }
    } catch {
      // A damaged page that nobody has noticed yet.
    } finally {
      db.close();
    }
  }

  append(count: number): void {
    const drafts = Array.from({ length: count }, (): PackDraft => {
      const value = this.values++;
      const sample = { device: 'home-1', point: 'importedWh', timeMs: NOW + value, value, quality: 'good' } as const;
      return { samples: [sample], events: [] };
    });
    this.store.append(drafts, NOW);
    this.witness();
  }

  receive(packs: readonly KeptPack[]): void {
    for (const pack of packs) {
      expect(pack.body).toBe(this.appended.get(`${pack.epoch}.${pack.seq}`));
      this.log.take(pack);
    }
  }

  send(packs: number): void {
    const read = this.store.read(this.cursorN, { packs, bytes: 1_000_000 });
    this.cursorN = read.at(-1)?.n ?? this.cursorN;
    this.receive(read);
    this.witness();
    this.receive(this.store.readWanted({ packs, bytes: 1_000_000 }));
    this.witness();
  }

  mark(epochs: readonly string[]): void {
    for (const epoch of epochs) {
      const { isFallen, isOldCopy } = this.store.applyMark(this.log.mark(epoch), { patienceMs: 1000 });
      expect(isOldCopy).toBe(false);
      if (isFallen) this.cursorN = 0;
      this.witness();
    }
  }

  markAll(): void {
    this.mark([...new Set([this.store.epoch(), ...this.log.sources.keys()])].reverse());
  }

  restart(): void {
    this.store.close();
    this.store = this.open();
    this.witness();
  }

  /** A page of the closed file; `at` picks it and, of one that is not wholly gone, the bit. */
  damage(at: number, isPageGone: boolean): void {
    this.store.close();
    const bytes = readFileSync(this.file);
    const page = at % (bytes.length / PAGE);
    const place = page * PAGE + (at % PAGE);
    // The file's version may become a newer one, which is refused.
    const isVersion = place >= 60 && place < 64;
    if (isPageGone) bytes.fill(0, page * PAGE, (page + 1) * PAGE);
    else if (!isVersion) bytes[place] = (bytes[place] ?? 0) ^ (1 << (at % 8));
    writeFileSync(this.file, bytes);
    this.store = this.open();
    this.witness();
  }

  fallBack(isOtherLog: boolean): void {
    const before = this.log;
    this.log = isOtherLog ? new ModelLog() : this.backup.copy();
    this.log.name = isOtherLog ? `${before.name}'` : before.name;
    this.log.generation = before.generation + 1;
    if (isOtherLog) this.backup = new ModelLog();
  }

  spoilLog(at: number): void {
    const epochs = [...this.log.sources.keys()];
    const source = this.log.of(epochs[at % epochs.length] ?? this.store.epoch());
    const { seq: mark } = this.log.mark(epochs[at % epochs.length] ?? this.store.epoch());
    for (let seq = 1 + (at % 7); seq <= mark; seq += 1 + (at % 11)) {
      if (source.held.delete(seq)) source.wanted.add(seq);
    }
  }

  /** Long enough for everything to come to rest. */
  settle(): void {
    for (let round = 0; round < 12; round++) {
      this.kernelMs += 4_000_000;
      this.cursorN = 0;
      this.markAll();
      for (let i = 0; i < 10; i++) this.send(200);
      this.markAll();
    }
    this.store.close();
  }
}

type Step = { readonly kind: string; readonly at: number };
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...['append', 'append', 'append', 'send', 'send', 'send', 'mark', 'markAll', 'markAll', 'backUp', 'fallBack'],
    ...['otherLog', 'spoilLog', 'spoilLog', 'restart', 'pageGone', 'bitFlipped', 'wait'],
  ),
  at: fc.nat(100_000),
});

function take(world: World, { kind, at }: Step): void {
  // In portions of which nothing is dropped before it was witnessed.
  if (kind === 'append') for (let left = 1 + (at % 80); left > 0; left -= 20) world.append(Math.min(left, 20));
  if (kind === 'send') world.send(1 + (at % 100));
  if (kind === 'mark') world.mark([world.store.epoch()]);
  if (kind === 'markAll') world.markAll();
  if (kind === 'backUp') world.backup = world.log.copy();
  if (kind === 'fallBack' || kind === 'otherLog') world.fallBack(kind === 'otherLog');
  if (kind === 'spoilLog') world.spoilLog(at);
  if (kind === 'restart') world.restart();
  if (kind === 'pageGone' || kind === 'bitFlipped') world.damage(at, kind === 'pageGone');
  if (kind === 'wait') world.kernelMs += at;
}

it('An outbox and a log, whatever befalls them, account for every number that was given', { timeout: 900_000 }, () => {
  const lives = fc.tuple(fc.constantFrom(12_000, 40_000, 1_000_000), fc.array(step, { maxLength: 40, size: 'max' }));
  fc.assert(
    fc.property(lives, ([bytesMax, steps]) => {
      const world = new World(bytesMax);
      for (const each of steps) take(world, each);
      world.settle();
      for (const [epoch, last] of world.given) {
        const { held, gaps } = world.log.of(epoch);
        const missing = Array.from({ length: last }, (_, i) => i + 1).filter((seq) => !held.has(seq) && !gaps.has(seq));
        expect({ epoch, missing }).toEqual({ epoch, missing: [] });
        expect([...held.keys(), ...gaps].filter((seq) => seq < 1 || seq > last)).toEqual([]);
        for (const [seq, body] of held) expect(body).toBe(world.appended.get(`${epoch}.${seq}`));
      }
    }),
    { numRuns: RUNS },
  );
});
