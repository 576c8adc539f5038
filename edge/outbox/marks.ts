/** What a mark of the log does to the outbox: packs become reserve, wait again, or are numbered anew. */
import type { MarkMessage, SeqRange } from '@commonworks/core';
import { GAP_REASONS, type LostRange } from './gaps.ts';
import { numberAnew, type Renumbered } from './new-numbers.ts';
import { missing, missingIn } from './pack-rows.ts';
import { packHash } from './pack-verdict.ts';
import type { Reserve } from './reserve.ts';
import type { LogNews, SeenLog } from './seen-log.ts';
import type { Statements } from './statements.ts';
import type { Backlog } from './store.ts';
import type { Wanted } from './wanted.ts';

export type MarkContext = {
  /** The stamp of what has to be declared. */
  readonly stampMs: number;
  /** A range that was sent again is not sent once more before this has passed. */
  readonly patienceMs: number;
};

export type MarkOutcome = {
  readonly backlog: Backlog;
  readonly isOldCopy: boolean;
  readonly isOwn: boolean;
  /** The log lost what it had: packs wait again that were sent before. */
  readonly isFallen: boolean;
  /** There are packs to send again that do not wait. */
  readonly isWanted: boolean;
  readonly news: LogNews | null;
};

export type MarkParts = Renumbered & {
  readonly reserve: Reserve;
  readonly seen: SeenLog;
  readonly wanted: Wanted;
};

export function applyMark(parts: MarkParts, mark: MarkMessage, context: MarkContext): MarkOutcome {
  const { sql, packs, seen, wanted } = parts;
  const isOwn = mark.epoch === packs.epoch();
  const outcome = { isOwn, isOldCopy: false, isFallen: false, isWanted: wanted.first() !== null, news: null };
  if (isOwn && isOfAnotherLife(sql, mark)) {
    packs.transact(() => numberAnew(parts, context.stampMs));
    return { ...outcome, isOldCopy: true, backlog: packs.backlog() };
  }
  const fresh = wanted.fresh(askedOf(sql, mark));
  const isNoNews = (sql.epochs.get(mark.epoch)?.mark ?? mark.seq) === mark.seq && !seen.isNew(mark);
  // Most marks of a quiet site repeat the last one: nothing is written for them.
  if (isNoNews && fresh.length === 0) return { ...outcome, backlog: packs.backlog() };
  const told = packs.transact(() => takeMark(parts, { mark, fresh }, context));
  wanted.take(fresh, context.patienceMs);
  return { ...outcome, ...told, isWanted: wanted.first() !== null, backlog: packs.backlog() };
}

type Taken = { readonly mark: MarkMessage; readonly fresh: readonly SeqRange[] };

function takeMark({ sql, packs, reserve, seen }: MarkParts, { mark, fresh }: Taken, { stampMs }: MarkContext) {
  let isFallen = false;
  const move = (to: Pick<MarkMessage, 'epoch' | 'seq'>) => {
    if (packs.moveMark(to) === 'fell') isFallen = true;
  };
  move(mark);
  if (seen.isChanged(mark)) {
    for (const { epoch, mark: known } of sql.epochs.all()) {
      // What it has of another epoch only its answer tells, and of one it does not know it says nothing until a pack comes.
      const firstSeq = sql.firstSeq.get(epoch)?.['seq'];
      const below = typeof firstSeq === 'number' ? firstSeq - 1 : 0;
      if (epoch !== mark.epoch && below < known) move({ epoch, seq: below });
    }
  }
  const news = seen.newsOf(mark, isFallen);
  seen.note(mark, packs.epoch());
  const lost: LostRange[] = fresh.flatMap((range) => missingIn(sql, { ...range, reason: GAP_REASONS.logLost }));
  if (isFallen) lost.push(...missing(sql, GAP_REASONS.logLost));
  packs.declare(lost, stampMs);
  reserve.bound();
  return { isFallen, news };
}

/** Up to the mark: what is above it is sent or declared anyway. Of an epoch this file never had nothing is left. */
function askedOf(sql: Statements, { epoch: marked, seq, wanted = [] }: MarkMessage): SeqRange[] {
  return wanted.flatMap(({ epoch, fromSeq, toSeq }) => {
    const known = sql.epochs.get(epoch)?.mark ?? toSeq;
    const upTo = Math.min(toSeq, epoch === marked ? seq : known);
    return fromSeq > upTo ? [] : [{ epoch, fromSeq, toSeq: upTo }];
  });
}

/** The log's bytes are first: where ours differ, this file went on from a copy while the one the log knows did too. */
function isOfAnotherLife(sql: Statements, { epoch, seq, hash }: MarkMessage): boolean {
  const counts = sql.epochs.get(epoch);
  if (counts !== null && seq >= counts.nextSeq) return true;
  const row = hash === undefined ? undefined : sql.at.get(epoch, seq);
  if (row === undefined) return false;
  const kept = row['hash'] instanceof Uint8Array ? Buffer.from(row['hash']) : null;
  const found = packHash(String(row['body']));
  // Where the bytes are no longer those that were written, only the hash beside them can tell whose they were.
  if (kept !== null && !found.equals(kept)) return false;
  return found.toString('hex') !== hash;
}
