/** Keeps the log what its followers think it is: a witness beside it, a new generation when it fell back, damage set aside. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogHole, LogState } from '@commonworks/core';
import { entryAt } from '@commonworks/telemetry/log/judge-follower.ts';
import { type Generation, type LogIdentity, newestCursor } from '@commonworks/telemetry/log/log-identity.ts';
import type { PackLog } from '@commonworks/telemetry/log/pack-log.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import type { BrokerTables, LogWitness, TrailMark } from '../broker-tables.ts';
import { type SetAside, setAside } from './set-aside.ts';

/** A write of its own to the disk: what came since is witnessed by followers and edges. */
const WITNESS_MS = 10_000;

export type LogTablesToKeep = {
  readonly db: DatabaseSync;
  readonly identity: LogIdentity;
  readonly log: PackLog;
  readonly broker: BrokerTables;
};

export type RolledBack = { readonly generation: Generation; readonly seenCursor: number; readonly newest: number };

export class LogKeeper {
  readonly #tables: LogTablesToKeep;
  #witnessedHead = -1;
  #witnessedAtMs = Number.NEGATIVE_INFINITY;

  constructor(tables: LogTablesToKeep) {
    this.#tables = tables;
  }

  /** At the start: null when the log is what the witness says. */
  compare(nowMs: number): RolledBack | null {
    const { db, identity, broker } = this.#tables;
    const witness = broker.witness();
    const trail = broker.trail(identity.log);
    const seen = witness === null ? null : disproof({ db, identity, trail }, witness);
    const raised = witness === null || seen === null ? null : this.#raise({ ...seen, witness }, nowMs);
    this.witness(nowMs, { isDue: true });
    return raised;
  }

  /** A follower has read what this log does not have. Once: its next question is of the new generation. */
  seenBy(follower: { after: number; generation: number }, nowMs: number): RolledBack | null {
    const { identity } = this.#tables;
    if (follower.generation < identity.current.generation) return null;
    const witness = { head: follower.after, generation: follower.generation };
    const raised = this.#raise({ afterCursor: 0, witness }, nowMs);
    this.witness(nowMs, { isDue: true });
    return raised;
  }

  /** After commits, at most every ten seconds; at the end always. */
  witness(nowMs: number, { isDue = false } = {}): void {
    const { db, identity, log, broker } = this.#tables;
    const { head } = log;
    const sinceMs = performance.now() - this.#witnessedAtMs;
    if (!isDue && (head === this.#witnessedHead || sinceMs < WITNESS_MS)) return;
    const { generation, sinceMs: begunMs } = identity.current;
    const entry = entryAt(db, head);
    const { hash, proof } = entry === null || entry === 'damaged' ? NOTHING : entry;
    const told = {
      log: identity.log,
      generation,
      sinceMs: begunMs,
      head,
      writtenMs: nowMs,
    };
    broker.saveWitness({ ...told, hash }, proof);
    this.#witnessedHead = head;
    this.#witnessedAtMs = performance.now();
  }

  /** Damage that a reader met: out of the log, remembered, and asked for. Returns the marks to tell. */
  setAside(holes: readonly LogHole[], nowMs: number): SetAside {
    const aside = setAside(this.#tables, holes, nowMs);
    this.witness(nowMs, { isDue: true });
    return aside;
  }

  state(): Omit<LogState, 'fallenBehind'> {
    const { identity, log } = this.#tables;
    const { generation, sinceMs, cause } = identity.current;
    return { id: identity.log, generation, sinceMs, cause, ...log.holes.state() };
  }

  #raise(to: { afterCursor: number; witness: Pick<LogWitness, 'head' | 'generation'> }, nowMs: number): RolledBack {
    const { db, identity } = this.#tables;
    const { afterCursor, witness } = to;
    const seen = { seenCursor: witness.head, aboveGeneration: witness.generation };
    const newest = newestCursor(db);
    const generation = inTransaction(db, () => identity.raise({ cause: 'rolled-back', nowMs, ...seen, afterCursor }));
    return { generation, seenCursor: witness.head, newest };
  }
}

const NOTHING = { hash: null, proof: null };

type Comparing = Pick<LogTablesToKeep, 'db' | 'identity'> & { readonly trail: readonly TrailMark[] };

/** Null when the log is what the witness saw, or was deliberately made another since. */
function disproof(own: Comparing, witness: LogWitness): { afterCursor: number } | null {
  const { db, identity } = own;
  const { generation, sinceMs, firstCursor } = identity.current;
  if (witness.log !== identity.log) return { afterCursor: 0 };
  const common = commonCursor(own, witness.head);
  if (generation > witness.generation && witness.head < firstCursor) {
    // Made another from a state that was seen here: else there may be entries that were added beside those.
    const claimed = Math.min(identity.commonSince(witness.generation) ?? 0, witness.head);
    return isProven(own, claimed) ? null : { afterCursor: commonCursor(own, claimed) };
  }
  if (generation !== witness.generation || sinceMs !== witness.sinceMs) return { afterCursor: common };
  if (witness.head === 0) return null;
  const held = entryAt(db, witness.head);
  if (held === 'damaged') return null;
  if (held === null || common < witness.head) {
    const isUntold = held !== null && !own.trail.some(({ cursor }) => cursor === witness.head);
    // Witnessed by an earlier version, or while its newest entry was damaged.
    if (isUntold && (witness.hash === null || witness.hash === held.hash)) return null;
    return { afterCursor: common };
  }
  return null;
}

/**
 * The newest entry up to `upTo` that stands as it was witnessed: what comes before it came before it then. How many
 * entries there are proves nothing: a clone may have others under the same cursors.
 */
function commonCursor({ db, trail }: Comparing, upTo: number): number {
  const isStanding = ({ cursor, proof }: TrailMark) => {
    const entry = cursor <= upTo ? entryAt(db, cursor) : null;
    return entry !== null && entry !== 'damaged' && entry.proof === proof;
  };
  return trail.find(isStanding)?.cursor ?? 0;
}

/** Whether nothing witnessed up to `upTo` is another entry here, or none. Damage says nothing. */
function isProven({ db, trail }: Comparing, upTo: number): boolean {
  for (const { cursor, proof } of trail) {
    const entry = cursor <= upTo ? entryAt(db, cursor) : 'damaged';
    if (entry !== 'damaged') return entry?.proof === proof;
  }
  return true;
}
