/** Whether every key up to a source's mark is held, and the mark says no less than what is held. */
import type { DatabaseSync } from 'node:sqlite';
import {
  auditKey,
  BEGINNING,
  type Check,
  FAULTS_PER_SLICE_MAX,
  type Fault,
  keyParts,
  lastSlice,
  type Slice,
} from '@commonworks/core/audit/index.ts';

const PACKS_MAX = 5000;
const SOURCES_MAX = 200;

type Range = { readonly from: number; readonly to: number };
type Source = { readonly id: number; readonly edge: string; readonly epoch: string; readonly mark: number };

/** `moment`: what is read within it is of one moment. */
export type InOneMoment = <T>(look: (db: DatabaseSync) => T) => T;

export function createKeyChecks(moment: InOneMoment, everyMs: number): Check[] {
  return [
    {
      ...{ name: 'log-once', invariant: 'log-once', everyMs },
      look: ({ after }) => moment((db) => lookAtKeys(db, keyParts(after))),
    },
    {
      ...{ name: 'log-marks', invariant: 'log-marks', everyMs },
      look: ({ after }) => moment((db) => lookAtMarks(db, keyParts(after)[0] ?? 0)),
    },
  ];
}

/** `done`: a source, and up to which of its sequence numbers it was looked at. */
function lookAtKeys(db: DatabaseSync, [id = 0, after = 0]: readonly number[]): Slice {
  const source = sourcesFrom(db, id, 1)[0];
  if (source === undefined) return lastSlice(0, []);
  const from = source.id === id ? after : 0;
  const seqs = db
    .prepare('SELECT seq FROM pack WHERE source = ? AND seq > ? ORDER BY seq LIMIT ?')
    .all(source.id, from, PACKS_MAX)
    .map(({ seq }) => Number(seq));
  const isEnd = seqs.length < PACKS_MAX;
  const to = isEnd ? source.mark : Math.min(source.mark, seqs.at(-1) ?? 0);
  const held = [...seqs.map((seq) => ({ from: seq, to: seq })), ...otherwiseHeld(db, source, { from, to })];
  const faults = missingRanges(held, { from: from + 1, to }).map((range): Fault => {
    const what = range.from === range.to ? `pack ${range.from}` : `packs ${range.from} to ${range.to}`;
    const message = `${what} of edge ${source.edge}, acknowledged, cannot be found anywhere`;
    return {
      at: auditKey(source.id, range.from),
      subject: `edge ${source.edge}, ${what}, outbox ${source.epoch}`,
      message,
    };
  });
  const next = { after: isEnd ? auditKey(source.id + 1, 0) : auditKey(source.id, seqs.at(-1) ?? 0), memo: '' };
  return { next, isRound: false, checked: Math.max(0, to - from), faults: faults.slice(0, FAULTS_PER_SLICE_MAX) };
}

/** Declared lost, in quarantine, or known to be damaged and asked for again: of those the log's own alarm tells. */
function otherwiseHeld(db: DatabaseSync, { id, edge, epoch }: Source, { from, to }: Range): Range[] {
  const ranges = db
    .prepare('SELECT from_seq, to_seq FROM held_range WHERE source = ? AND to_seq > ? AND from_seq <= ?')
    .all(id, from, to);
  const holes = db
    .prepare(
      'SELECT seq AS from_seq, seq AS to_seq FROM log_hole WHERE edge = ? AND epoch = ? AND seq > ? AND seq <= ?',
    )
    .all(edge, epoch, from, to);
  return [...ranges, ...holes].map((row) => ({ from: Number(row['from_seq']), to: Number(row['to_seq']) }));
}

function missingRanges(held: readonly Range[], within: Range): Range[] {
  const missing: Range[] = [];
  let next = within.from;
  for (const { from, to } of [...held].sort((a, b) => a.from - b.from)) {
    if (from > within.to) break;
    if (from > next) missing.push({ from: next, to: from - 1 });
    next = Math.max(next, to + 1);
  }
  if (next <= within.to) missing.push({ from: next, to: within.to });
  return missing;
}

function lookAtMarks(db: DatabaseSync, after: number): Slice {
  const sources = sourcesFrom(db, after + 1, SOURCES_MAX);
  const pack = db.prepare('SELECT 1 FROM pack WHERE source = ? AND seq = ?');
  const range = db.prepare('SELECT 1 FROM held_range WHERE source = ? AND from_seq <= ? AND to_seq >= ?');
  const faults = sources.flatMap(({ id, edge, epoch, mark }): Fault[] => {
    const isHeld = pack.get(id, mark + 1) ?? range.get(id, mark + 1, mark + 1);
    if (isHeld === undefined) return [];
    const message = `edge ${edge} was told ${mark}, and pack ${mark + 1} is held as well: it keeps what it need not keep`;
    return [{ at: auditKey(id), subject: `edge ${edge}, outbox ${epoch}`, message }];
  });
  const isRound = sources.length < SOURCES_MAX;
  const next = isRound ? BEGINNING : { after: auditKey(sources.at(-1)?.id ?? after), memo: '' };
  return { next, isRound, checked: sources.length, faults: faults.slice(0, FAULTS_PER_SLICE_MAX) };
}

function sourcesFrom(db: DatabaseSync, id: number, limit: number): Source[] {
  const rows = db.prepare('SELECT id, edge, epoch, mark FROM source WHERE id >= ? ORDER BY id LIMIT ?').all(id, limit);
  return rows.map((row) => ({
    id: Number(row['id']),
    edge: String(row['edge']),
    epoch: String(row['epoch']),
    mark: Number(row['mark']),
  }));
}
