/** What the broker does about its log while it runs: followers that saw more, edges that were told more, damage they meet. */
import type { Clock, EdgeStatus, LogHole, LogState } from '@commonworks/core';
import { EdgeStatus as EdgeStatusShape } from '@commonworks/core';
import type { FollowerPlace, LogAnswer } from '@commonworks/telemetry/log/judge-follower.ts';
import type { Generation } from '@commonworks/telemetry/log/log-identity.ts';
import type { Mark } from '@commonworks/telemetry/log/pack-log.ts';
import type { LogReader } from '@commonworks/telemetry/port.ts';
import { Value } from 'typebox/value';
import type { BrokerLog } from './broker-log.ts';
import type { Ingest } from './ingest/ingest.ts';
import type { RolledBack } from './ingest/log-keeper.ts';
import type { Salvaged } from './ingest/salvage.ts';
import type { Stores } from './ingest/stores.ts';

export type LogWatchOptions = {
  readonly stores: Pick<Stores, 'writer' | 'reads' | 'start'>;
  readonly ingest: Ingest;
  readonly log: BrokerLog;
  readonly now: Clock;
  readonly tellMarks: (marks: readonly Mark[]) => void;
};

export type AskForPage = FollowerPlace & { readonly limit: number };
export type LogWatch = ReturnType<typeof createLogWatch>;
type Behind = LogState['fallenBehind'][number];

/** Edges whose marks fell; an edge that was never told more is none of them. */
const BEHIND_MAX = 10_000;

export function createLogWatch(options: LogWatchOptions) {
  const { stores, ingest, now, tellMarks } = options;
  const { writer, reads } = stores;
  const behind = new Map<string, Behind>();
  const aside = createSetAside(options);
  let own = { log: stores.start.log.id, generation: stores.start.log.generation };
  tellRolledBack(options.log, stores.start.rolledBack);
  tellOrphaned(options.log, stores.start.orphanedWal);
  tellSalvaged(options.log, stores.start.salvaged);

  async function readPage(ask: AskForPage): Promise<LogAnswer> {
    const answer = await reads.readLog({ ...ask, head: ingest.head });
    if (answer.kind === 'page') {
      aside.take(answer.found);
      return answer;
    }
    if (!answer.isNews) return answer;
    const follower = { after: ask.after, generation: ask.generation ?? 0, nowMs: now() };
    const raised = await writer.call('seenBy', follower);
    tellRolledBack(options.log, raised);
    if (raised !== null) own = { ...own, generation: raised.generation.generation };
    return raised === null ? await readPage(ask) : { ...answer, changed: { ...answer.changed, ...newer(raised) } };
  }

  const asking = new Set<string>();
  /** Once at a time for each edge: it tells its status again. */
  async function edgeStatus(edge: string, payload: Uint8Array): Promise<void> {
    const held = heldOf(payload);
    if (held === null || asking.has(edge)) return;
    asking.add(edge);
    const mark = await writer.call('mark', { edge, epoch: held.epoch }).finally(() => asking.delete(edge));
    if (held.seq <= mark.seq) {
      behind.delete(edge);
      return;
    }
    if (behind.size >= BEHIND_MAX && !behind.has(edge)) return;
    const { epoch, seq: heldSeq } = held;
    const sinceMs = behind.get(edge)?.sinceMs ?? now();
    behind.set(edge, { edge, epoch, heldSeq, markSeq: mark.seq, sinceMs });
    tellMarks([mark]);
  }

  return {
    readPage,
    /** Which log marks are of. */
    identity: () => own,
    /** After its status was taken: an edge that was told a higher mark is told at once where the log stands. */
    edgeStatus,
    marked: (marks: readonly Mark[]): void => noteMarks(behind, marks),
    /** Asks the writer only while something was. */
    isDamaged: async (): Promise<boolean> => {
      if (aside.isDamaged) aside.isDamaged = (await writer.call('logState', undefined)).damage === 'damaged';
      return aside.isDamaged;
    },
    fallenBehind: (): Behind[] => [...behind.values()].slice(0, 1000),
    readEntries: entryReader(readPage),
  };
}

/** Marks that were told: who was behind may have come up. */
function noteMarks(behind: Map<string, Behind>, marks: readonly Mark[]): void {
  for (const { edge, epoch, seq } of marks) {
    const known = behind.get(edge);
    if (known?.epoch !== epoch) continue;
    if (seq >= known.heldSeq) behind.delete(edge);
    else behind.set(edge, { ...known, markSeq: seq });
  }
}

/** For followers that keep their place in the log's own file: holes are passed over, the end of the log is an empty page. */
function entryReader(readPage: (ask: AskForPage) => Promise<LogAnswer>): LogReader {
  return async (afterCursor, limit) => {
    let after = afterCursor;
    for (;;) {
      const answer = await readPage({ after, limit });
      if (answer.kind === 'changed') return [];
      const { entries, next } = answer.page;
      if (entries.length > 0 || next <= after) return entries;
      after = next;
    }
  };
}

/** Each hole once, one call at a time: readers meet the same ones again until they are out of the log. */
function createSetAside({ stores, log, now, tellMarks }: LogWatchOptions) {
  const told = new Set<number>();
  const aside = { isDamaged: stores.start.log.damage === 'damaged', take };
  return aside;

  function take(found: readonly LogHole[]): void {
    const holes = found.filter((hole) => !told.has(hole.fromCursor));
    if (holes.length === 0) return;
    for (const hole of holes) told.add(hole.fromCursor);
    stores.writer
      .call('setAside', { holes, nowMs: now() })
      .then(({ marks, count }) => {
        if (count > 0)
          log.error({ code: 'telemetry.log-damaged', packs: count }, `${count} acknowledged packs are damaged`);
        aside.isDamaged = true;
        tellMarks(marks);
      })
      .catch((error: unknown) => {
        // Damage that cannot be set aside ends the process; a full disk does not, and the next reader meets it again.
        for (const hole of holes) told.delete(hole.fromCursor);
        log.warn({ code: 'telemetry.log-damaged', err: String(error) }, 'damage in the log could not be set aside');
      });
  }
}

function newer({ generation }: RolledBack): { generation: Generation['generation']; commonCursor: number } {
  return { generation: generation.generation, commonCursor: generation.afterCursor };
}

function tellRolledBack(log: BrokerLog, found: RolledBack | null): void {
  if (found === null) return;
  const { generation, seenCursor, newest } = found;
  const fields = { code: 'broker.log-rolled-back', generation: generation.generation, seenCursor, newest };
  log.error(fields, 'the log is not the one that was here before: it is an older copy, another one, or a new one');
}

function tellOrphaned(log: BrokerLog, kept: string | null): void {
  if (kept === null) return;
  log.error({ code: 'telemetry.wal-orphaned', kept }, 'telemetry.db is gone, and its write-ahead log stood alone');
}

function tellSalvaged(log: BrokerLog, salvaged: Salvaged | null): void {
  if (salvaged === null) return;
  const { packs, lost, kept } = salvaged;
  log.error({ code: 'telemetry.log-damaged', packs, lost, kept }, 'telemetry.db was damaged and has been written anew');
}

function heldOf(payload: Uint8Array): NonNullable<EdgeStatus['held']> | null {
  if (payload.length === 0) return null;
  const status: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
  const held = (status as { held?: unknown }).held;
  return held !== undefined && Value.Check(EdgeStatusShape.properties.held, held) ? held : null;
}
