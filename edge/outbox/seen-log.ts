/** The log this outbox knows, by its newest mark: remembered in the file, so that a restart tells it as well. */
import type { EdgeStatus, ErrorCode, MarkMessage } from '@commonworks/core';
import type { Statements } from './statements.ts';

/** The newest mark; of the epoch in use, once that has one. */
export type HeldMark = NonNullable<EdgeStatus['held']>;
/** What an operator should know of the log. */
export type LogNews = { readonly code: ErrorCode; readonly message: string };

type Seen = { readonly log: string | null; readonly generation: number; readonly epoch: string; readonly seq: number };

export type SeenLog = {
  /** Null until a log has told its name. */
  readonly held: () => HeldMark | null;
  /** It may have lost what it had: another log, or another generation of it. */
  readonly isChanged: (mark: MarkMessage) => boolean;
  readonly isNew: (mark: MarkMessage) => boolean;
  readonly newsOf: (mark: MarkMessage, isFallen: boolean) => LogNews | null;
  /** Called inside the transaction that takes the mark. */
  readonly note: (mark: MarkMessage, ownEpoch: string) => void;
};

const KEY = 'held';
/** Which log it was stood on a damaged page: the next that tells its name may be another. */
const UNKNOWN_LOG = '';
export const FORGOTTEN_LOG = JSON.stringify({ log: UNKNOWN_LOG, generation: 1, epoch: '', seq: 0 } satisfies Seen);

export function createSeenLog(sql: Statements): SeenLog {
  const read = () => readSeen(sql.meta.get(KEY)?.['value']);
  const afterOf = (mark: MarkMessage, ownEpoch: string): Seen => {
    const before = read();
    const { log = before?.log ?? null, generation = before?.generation ?? 1, epoch, seq } = mark;
    const isNewest =
      before === null || before.epoch === '' || epoch === before.epoch || (epoch === ownEpoch && seq > 0);
    return isNewest ? { log, generation, epoch, seq } : { ...before, log, generation };
  };
  return {
    held: () => {
      const seen = read();
      return seen === null || seen.log === null || seen.log === UNKNOWN_LOG ? null : { ...seen, log: seen.log };
    },
    isChanged: ({ log, generation }) => {
      const before = read();
      if (before === null || before.log === null || log === undefined) return false;
      return log !== before.log || (generation ?? before.generation) !== before.generation;
    },
    isNew: ({ log, generation }) => {
      const before = read();
      if (before === null || log === undefined) return before === null;
      return before.log !== log || before.generation !== (generation ?? before.generation);
    },
    newsOf: ({ log, generation, epoch, seq }, isFallen): LogNews | null => {
      const before = read();
      if (before !== null && before.log !== null && log !== undefined && log !== before.log) {
        if (before.log === UNKNOWN_LOG) return null;
        return { code: 'edge.log-changed', message: `the log was ${before.log} and is ${log}` };
      }
      const isRaised =
        before !== null && before.log !== null && (generation ?? before.generation) !== before.generation;
      if (!isRaised && !isFallen) return null;
      const to = `generation ${generation ?? before?.generation ?? 1}, mark ${seq} of epoch ${epoch}`;
      return { code: 'edge.log-fell-back', message: `the log is at ${to}` };
    },
    note: (mark, ownEpoch) => void sql.setMeta.run(KEY, JSON.stringify(afterOf(mark, ownEpoch))),
  };
}

/** Null for what a damaged file may hold. */
export function readSeen(text: unknown): Seen | null {
  if (typeof text !== 'string') return null;
  try {
    const { log, generation, epoch, seq } = JSON.parse(text) as Record<string, unknown>;
    const isWhole = Number.isSafeInteger(generation) && typeof epoch === 'string' && Number.isSafeInteger(seq);
    if (!isWhole || (log !== null && typeof log !== 'string')) return null;
    return { log, generation: Number(generation), epoch, seq: Number(seq) };
  } catch {
    return null;
  }
}
