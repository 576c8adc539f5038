/** Keeps the log what its followers think it is: a witness beside it, a new generation when it fell back, damage set aside. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogHole, LogState } from '@commonworks/core';
import { hashAt } from '@commonworks/telemetry/log/judge-follower.ts';
import { type Generation, type LogIdentity, newestCursor } from '@commonworks/telemetry/log/log-identity.ts';
import type { PackLog } from '@commonworks/telemetry/log/pack-log.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import type { BrokerTables, LogWitness } from '../broker-tables.ts';
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
    const seen = witness === null ? null : disproof(db, identity, witness);
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
    const hash = hashAt(db, head);
    const told = {
      log: identity.log,
      generation,
      sinceMs: begunMs,
      head,
      writtenMs: nowMs,
    };
    broker.saveWitness({ ...told, hash: hash === 'damaged' ? null : hash });
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

/** Null when the log is what the witness saw, or was deliberately made another since. */
function disproof(db: DatabaseSync, identity: LogIdentity, witness: LogWitness): { afterCursor: number } | null {
  const { generation, sinceMs, firstCursor } = identity.current;
  if (witness.log !== identity.log) return { afterCursor: 0 };
  if (generation > witness.generation && witness.head < firstCursor) return null;
  if (generation !== witness.generation || sinceMs !== witness.sinceMs) return { afterCursor: 0 };
  const newest = newestCursor(db);
  const held = witness.head === 0 ? witness.hash : hashAt(db, witness.head);
  if (held === 'damaged' || (held === witness.hash && held !== null) || witness.head === 0) return null;
  if (held !== null && witness.hash === null) return null;
  // An older state of the same file: what it has is what it had.
  return { afterCursor: witness.head > newest ? newest : 0 };
}
