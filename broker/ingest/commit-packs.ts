/** The group commit: many packs, one transaction, durable when it returns. */
import { type HubMoment, isCoded } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import type { Overrun } from '@commonworks/telemetry/edge-budgets.ts';
import type { JudgedAgain } from '@commonworks/telemetry/log/boot-clocks.ts';
import type { Mark } from '@commonworks/telemetry/log/pack-log.ts';
import { windowOf } from '@commonworks/telemetry/series/chunks.ts';
import type { RefusedSample } from '@commonworks/telemetry/series/series-tables.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import type { CommitTables } from './log-tables.ts';
import { committed, rolledBack } from './log-tables.ts';
import type { Arrival, IncomingPack, PackOutcome } from './take-pack.ts';
import { judgeAgain, quarantinePoison, takePack } from './take-pack.ts';

/** `marks` are those of the sources heard from, `head` the newest cursor, `overruns` what edges asked for beyond their budgets. */
export type CommitReport = {
  readonly outcomes: readonly PackOutcome[];
  readonly marks: readonly Mark[];
  readonly head: number;
  readonly overruns: readonly Overrun[];
  /** Packs whose time is known by now wait to be judged beside the data. */
  readonly hasDeferred: boolean;
  /** Edges whose readings of this commit lie on many days: each day is a block of its own, opened and written. */
  readonly spread: readonly { readonly edge: string; readonly days: number }[];
};

/** Packs judged anew in one transaction: others wait for the disk meanwhile. */
const JUDGED_MAX = 200;

/**
 * Judges some of what waited for a time, or was refused by one, in one transaction. Returns the cursor to go on
 * after; null when there are no more.
 */
export function judgeSomeAgain(
  tables: CommitTables,
  { reason, afterCursor, hub }: { reason: JudgedAgain; afterCursor: number; hub: HubMoment },
): number | null {
  const { db, clocks } = tables;
  try {
    const last = inTransaction(db, () => {
      const arrivals: Arrival[] = [];
      const waiting = clocks.takeFor(reason, { afterCursor, limit: JUDGED_MAX });
      for (const one of waiting) judgeAgain(tables, one, { hub, arrivals });
      if (arrivals.length > 0) stage(tables, arrivals, hub.nowMs);
      finishLetters(tables, hub);
      return waiting.length < JUDGED_MAX ? null : (waiting.at(-1)?.cursor ?? null);
    });
    committed(tables);
    return last;
  } catch (error) {
    rolledBack(tables);
    throw error;
  }
}

type Take = (incoming: IncomingPack, arrivals: Arrival[]) => PackOutcome;

/**
 * Nothing of a failed commit remains, in memory or on disk.
 * A pack that makes our own code fail must not take its neighbours along, nor come back for ever.
 * @throws what SQLite throws when it cannot write.
 */
export function commitPacks(tables: CommitTables, packs: readonly IncomingPack[]): CommitReport {
  try {
    return commit(tables, packs, (incoming, arrivals) => takePack(tables, incoming, arrivals));
  } catch (error) {
    // A damaged block of readings is no fault of the pack that meets it.
    if (isStorageFault(error) || isCoded(error, 'telemetry.chunk-corrupt')) throw error;
    if (packs.length > 1) return joined(halves(packs).map((half) => commitPacks(tables, half)));
    const reason = `the pack could not be processed: ${error instanceof Error ? error.message : String(error)}`;
    return commit(tables, packs, (incoming) =>
      quarantinePoison(tables, incoming, { code: 'core.pack-malformed', reason }),
    );
  }
}

/** One pack among hundreds is found in a few commits, and costs its neighbours no more. */
function halves(packs: readonly IncomingPack[]): (readonly IncomingPack[])[] {
  const middle = Math.ceil(packs.length / 2);
  return [packs.slice(0, middle), packs.slice(middle)];
}

function joined(reports: readonly CommitReport[]): CommitReport {
  return {
    outcomes: reports.flatMap((report) => report.outcomes),
    marks: reports.flatMap((report) => report.marks),
    head: reports.at(-1)?.head ?? 0,
    overruns: reports.flatMap((report) => report.overruns),
    spread: reports.flatMap((report) => report.spread),
    hasDeferred: reports.some((report) => report.hasDeferred),
  };
}

function commit(tables: CommitTables, packs: readonly IncomingPack[], take: Take): CommitReport {
  const { db, log, overruns } = tables;
  const { receivedMs = 0, hub } = packs[0] ?? {};
  try {
    const report = inTransaction(db, () => {
      const arrivals: Arrival[] = [];
      const outcomes = packs.map((pack) => take(pack, arrivals));
      if (arrivals.length > 0) stage(tables, arrivals, receivedMs);
      finishLetters(tables, { nowMs: receivedMs, isTrusted: hub?.isTrusted ?? true });
      return { outcomes, marks: log.saveMarks(), head: log.head, spread: spreadOf(arrivals) };
    });
    committed(tables);
    return { ...report, overruns: overruns.take(), hasDeferred: tables.clocks.takeDeferred() };
  } catch (error) {
    rolledBack(tables);
    throw error;
  }
}

/** An agent that drains its outbox comes to two or three. */
const DAYS_FREE = 8;

function spreadOf(arrivals: readonly Arrival[]): CommitReport['spread'] {
  const daysOf = new Map<string, Set<number>>();
  for (const { sample } of arrivals) {
    const days = daysOf.get(sample.edge) ?? new Set();
    daysOf.set(sample.edge, days.add(windowOf(sample.timeMs)));
  }
  return [...daysOf].flatMap(([edge, { size }]) => (size > DAYS_FREE ? [{ edge, days: size }] : []));
}

/** What came beyond their bounds; by a clock that may be wrong none is too old. */
function finishLetters({ letters, overruns }: CommitTables, hub: { nowMs: number; isTrusted: boolean }): void {
  for (const [edge, count] of letters.finish(hub.isTrusted ? hub.nowMs : null)) {
    overruns.note(edge, 'dead-letters', count);
  }
}

const REFUSALS = {
  series: 'this edge has as many series as an edge may have',
  words: 'this edge has brought as many new words as an edge may bring',
  long: 'a word that is too long',
} as const satisfies Record<RefusedSample['why'], string>;

function stage({ series, letters, overruns }: CommitTables, arrivals: readonly Arrival[], receivedMs: number): void {
  const { conflicts, refused } = series.stage(arrivals.map((arrival) => arrival.sample));
  if (conflicts.length + refused.length === 0) return;
  const origins = new Map(arrivals.map((arrival) => [arrival.sample, arrival.from]));
  const letter = (sample: Arrival['sample']) => ({
    receivedMs,
    edge: sample.edge,
    epoch: origins.get(sample)?.epoch ?? null,
    seq: origins.get(sample)?.seq ?? null,
    body: Buffer.from(JSON.stringify(sample)),
  });
  for (const { sample, kept } of conflicts) {
    const reason = `${sample.device}/${sample.point} already has ${kept.value} (${kept.quality}) at ${kept.timeMs}`;
    letters.add({ ...letter(sample), kind: 'conflict', code: 'broker.sample-conflict', reason });
  }
  for (const { sample, why } of refused) {
    if (why !== 'long') overruns.note(sample.edge, why);
    letters.add({ ...letter(sample), kind: 'record', code: 'broker.record-rejected', reason: REFUSALS[why] });
  }
}
