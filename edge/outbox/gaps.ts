/** Ranges of numbers that will never be sent: found, and declared, so that the mark moves on and the loss shows. */
import { decodePack, type EventRecord, GapEvent, type SeqRange } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { PackDraft } from './store.ts';

export type LostRange = SeqRange & { readonly reason: string };

export const GAP_REASONS = {
  tooOld: 'older than the outbox may keep',
  full: 'the outbox was full',
  damaged: 'the outbox file was damaged',
  logLost: 'the log lost what it held, and it is no longer here',
} as const;

/** A pack takes 1,000 records and 64 kB; a declaration is one record of some 250 bytes. */
const GAPS_PER_PACK = 100;

export function gapDrafts(ranges: readonly LostRange[], stampMs: number): PackDraft[] {
  const events: EventRecord[] = ranges.map(({ epoch, fromSeq, toSeq, reason }) => ({
    ...{ device: 'edge', type: 'gap', timeMs: stampMs, body: { epoch, fromSeq, toSeq, reason } },
  }));
  const drafts: PackDraft[] = [];
  for (let i = 0; i < events.length; i += GAPS_PER_PACK) {
    drafts.push({ samples: [], events: events.slice(i, i + GAPS_PER_PACK) });
  }
  return drafts;
}

/** What of the range is not among `seqs`, which ascend. */
export function missingFrom(seqs: Iterable<number>, range: LostRange): LostRange[] {
  const missing: LostRange[] = [];
  let next = range.fromSeq;
  for (const seq of seqs) {
    if (seq > range.toSeq) break;
    if (seq > next) missing.push({ ...range, fromSeq: next, toSeq: seq - 1 });
    next = Math.max(next, seq + 1);
  }
  if (next <= range.toSeq) missing.push({ ...range, fromSeq: next });
  return missing;
}

/** The declarations within a pack; cheap for one that has none. */
export function declaredIn(body: string): LostRange[] {
  if (!body.includes('/event.gap"')) return [];
  return decodePack(body).pack.events.flatMap(({ type, body: gap }) =>
    type === 'gap' && Value.Check(GapEvent, gap) ? [gap] : [],
  );
}
