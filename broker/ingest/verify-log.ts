/** Reads all of telemetry.db and compares it with what proves it: each pack, each mark, each reading of the series. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogEntry, LogHole, LogState } from '@commonworks/core';
import { identityFault } from '@commonworks/telemetry/log/identity-fault.ts';
import { countDamagedLetters } from '@commonworks/telemetry/log/letter-check.ts';
import { LogHoles } from '@commonworks/telemetry/log/log-holes.ts';
import { newestGeneration } from '@commonworks/telemetry/log/log-identity.ts';
import { isRangeProven } from '@commonworks/telemetry/log/prove-marks.ts';
import { isDamage, unlessDamaged } from '@commonworks/telemetry/log/row-check.ts';
import { lastCursor } from '@commonworks/telemetry/log/salvage-rows.ts';
import { walkLog } from '@commonworks/telemetry/log/walk-log.ts';
import { openForReading } from '@commonworks/telemetry/sqlite/open-database.ts';
import type { LogWitness } from '../broker-tables.ts';
import { SeriesCheck } from './series-check.ts';

/** Damaged packs of one edge and epoch in a row; null where nobody knows. Times of arrival of the sound packs beside them. */
export type DamagedSpan = {
  readonly edge: string | null;
  readonly epoch: string | null;
  readonly fromSeq: number | null;
  readonly toSeq: number | null;
  readonly packs: number;
  readonly reason: LogHole['reason'];
  readonly afterMs: number | null;
  readonly beforeMs: number | null;
};

export type LogVerdict = {
  readonly verdict: 'sound' | 'damaged';
  readonly log: string | null;
  readonly generation: number | null;
  readonly packs: number;
  readonly readings: number;
  readonly damaged: readonly DamagedSpan[];
  /** Of damage that was set aside before: what came again, is asked for, or is lost. */
  readonly setAside: LogState['holes'];
  /** What else is wrong: a mark, an edge's name, the structure of the file, the series. */
  readonly faults: readonly string[];
};

export type VerifyOptions = {
  readonly witness: LogWitness | null;
  readonly onPack?: (count: number) => void;
};

const FAULTS_MAX = 100;
const PROBES_MAX = 1_000_000;

/** Only reads, in one transaction: also beside a running broker. */
export function verifyLog(path: string, options: VerifyOptions): LogVerdict {
  const found: Found = { spans: [], faults: [], packs: 0, readings: 0 };
  let named: Pick<LogVerdict, 'log' | 'generation' | 'setAside'> = { log: null, generation: null, setAside: [] };
  let db: DatabaseSync | null = null;
  try {
    db = openForReading(path);
    db.exec('BEGIN');
    const fault = identityFault(db);
    if (fault !== null) found.faults.push(fault);
    named = { ...nameOf(db), setAside: new LogHoles(db).state().holes };
    look(db, named, { ...options, found });
  } catch (error) {
    if (!isOfFile(error)) throw error;
    found.faults.push(`the file cannot be read on: ${String(error)}`);
  } finally {
    db?.close();
  }
  const { spans, faults, packs, readings } = found;
  const verdict = spans.length + faults.length === 0 ? 'sound' : 'damaged';
  return { verdict, ...named, packs, readings, damaged: spans, faults: faults.slice(0, FAULTS_MAX) };
}

/** As far as they can be told; a log that nobody has opened yet has none. */
function nameOf(db: DatabaseSync): Pick<LogVerdict, 'log' | 'generation'> {
  const log = db.prepare('SELECT log FROM log_identity').get()?.['log'];
  return { log: typeof log === 'string' ? log : null, generation: newestGeneration(db)?.generation ?? null };
}

/** SQLite's refusals of every kind: the statements are right, so that the file is at fault. */
function isOfFile(error: unknown): boolean {
  return isDamage(error) || (error as { code?: unknown } | null)?.code === 'ERR_SQLITE_ERROR';
}

type Found = { spans: DamagedSpan[]; faults: string[]; packs: number; readings: number };
type Looking = VerifyOptions & { readonly found: Found };

function look(db: DatabaseSync, { log }: { log: string | null }, { witness, onPack, found }: Looking): void {
  const isSame = witness?.log === log;
  const head = lastCursor(db, isSame ? (witness?.head ?? 0) : 0);
  if (witness !== null && !isSame) found.faults.push('another telemetry.db was here before: broker.db knows its name');
  const series = new SeriesCheck(db);
  const sources = new SourceCheck(db);
  let lastMs: number | null = null;
  let open: DamagedSpan[] = [];
  const close = (beforeMs: number | null) => {
    found.spans.push(...open.map((span) => ({ ...span, beforeMs })));
    open = [];
  };
  for (const step of walkLog(db, { after: 0, head, probesMax: PROBES_MAX, scansMax: 1000 })) {
    if (step.kind === 'hole' && step.isNew) open = withHole(open, step.hole, lastMs);
    if (step.kind === 'hole') sources.lost(step.hole);
    if (step.kind !== 'entry') continue;
    close(step.entry.receivedMs);
    lastMs = step.entry.receivedMs;
    sources.take(step.entry);
    series.take(step);
    found.packs += 1;
    onPack?.(found.packs);
  }
  close(null);
  found.faults.push(...sources.faults(), ...series.end(), ...letterFaults(db), ...structureFaults(db));
  found.readings = series.compared;
}

function withHole(open: readonly DamagedSpan[], hole: LogHole, afterMs: number | null): DamagedSpan[] {
  const { edge, epoch, seq, reason } = hole;
  const packs = hole.toCursor - hole.fromCursor + 1;
  const at = open.findIndex((span) => {
    const isNext = seq === null ? span.fromSeq === null : span.toSeq === seq - 1;
    return span.edge === edge && span.epoch === epoch && span.reason === reason && isNext;
  });
  const known = open[at];
  if (known === undefined) {
    return [...open, { edge, epoch, fromSeq: seq, toSeq: seq, packs, reason, afterMs, beforeMs: null }];
  }
  return open.with(at, { ...known, toSeq: seq, packs: known.packs + packs });
}

function letterFaults(db: DatabaseSync): string[] {
  const damaged = countDamagedLetters(db);
  return damaged === 0 ? [] : [`${damaged} dead letters or quarantined packs are not what was written`];
}

/** SQLite's own look at its pages and indexes. */
function structureFaults(db: DatabaseSync): string[] {
  const rows = [...unlessDamaged(() => db.prepare('PRAGMA integrity_check(20)').iterate())];
  if (rows.length === 0) return ['SQLite cannot check the structure of the file'];
  return rows.flatMap((row) => {
    const text = String(row['integrity_check']);
    return text === 'ok' ? [] : [`structure of the file: ${text}`];
  });
}

type Numbered = { edge: string; epoch: string; mark: number; seqs: { from: number; to: number }[] };

/** Sources and their marks against the packs, which name their own keys. */
class SourceCheck {
  readonly #sources = new Map<string, Numbered>();
  readonly #unknown = new Set<string>();
  readonly #unproven = new Set<string>();

  constructor(db: DatabaseSync) {
    for (const row of unlessDamaged(() => db.prepare('SELECT * FROM source').iterate())) {
      const source = { edge: String(row['edge']), epoch: String(row['epoch']), mark: Number(row['mark']), seqs: [] };
      this.#sources.set(`${source.edge}/${source.epoch}`, source);
    }
    const held = db.prepare('SELECT edge, epoch, held_range.* FROM held_range JOIN source ON source.id = source');
    for (const row of unlessDamaged(() => held.iterate())) {
      const of = { edge: String(row['edge']), epoch: String(row['epoch']) };
      if (!isRangeProven(of, { row_check: null, ...row })) {
        this.#unproven.add(of.edge);
        continue;
      }
      const range = { from: Number(row['from_seq']), to: Number(row['to_seq']) };
      this.#sources.get(`${row['edge']}/${row['epoch']}`)?.seqs.push(range);
    }
    const holes = db.prepare('SELECT edge, epoch, seq FROM log_hole WHERE seq IS NOT NULL');
    for (const row of unlessDamaged(() => holes.iterate())) {
      this.#add(`${row['edge']}/${row['epoch']}`, Number(row['seq']));
    }
  }

  take({ edge, epoch, seq }: LogEntry): void {
    if (!this.#add(`${edge}/${epoch}`, seq)) this.#unknown.add(edge);
  }

  lost({ edge, epoch, seq }: LogHole): void {
    if (seq !== null) this.#add(`${edge}/${epoch}`, seq);
  }

  faults(): string[] {
    const unknown = [...this.#unknown].map((edge) => `edge ${edge} has packs, and no mark`);
    const wrong = [...this.#sources.values()].flatMap((source) => {
      const missing = missingOf(source);
      return missing === 0 ? [] : [`edge ${source.edge}: ${missing} packs up to its mark ${source.mark} are nowhere`];
    });
    const unproven = [...this.#unproven].map((edge) => `edge ${edge}: a range of packs that it declared is damaged`);
    return [...unknown, ...unproven, ...wrong];
  }

  #add(key: string, seq: number): boolean {
    const source = this.#sources.get(key);
    const last = source?.seqs.at(-1);
    if (last !== undefined && last.to === seq - 1) last.to = seq;
    else source?.seqs.push({ from: seq, to: seq });
    return source !== undefined;
  }
}

function missingOf({ mark, seqs }: Numbered): number {
  let reached = 0;
  let missing = 0;
  for (const { from, to } of [...seqs].sort((a, b) => a.from - b.from)) {
    missing += Math.max(0, Math.min(from - 1, mark) - reached);
    reached = Math.max(reached, to);
  }
  return missing + Math.max(0, mark - reached);
}
