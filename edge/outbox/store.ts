/** The outbox: packs keyed (edge, epoch, seq), numbered without gaps in the transaction that keeps them; it outlives damage of its file. */
import { randomBytes } from 'node:crypto';
import { type EventRecord, type MarkMessage, type Sample, uuidV7 } from '@commonworks/core';
import { dropOldest } from './drop-oldest.ts';
import { machineTime, type OutboxTime } from './elapsed.ts';
import { applyMark, type MarkContext, type MarkOutcome } from './marks.ts';
import { isDamage, isDiskFull } from './outbox-faults.ts';
import { openOutboxFile, reopenDamaged } from './outbox-file.ts';
import { beginLife, type OutboxLife } from './outbox-life.ts';
import { type ReadLimit, readWaiting, readWanted } from './read-packs.ts';
import type { HeldMark } from './seen-log.ts';

/** A pack before it has its number. */
export type PackDraft = { readonly samples: readonly Sample[]; readonly events: readonly EventRecord[] };
export type KeptPack = { readonly n: number; readonly epoch: string; readonly seq: number; readonly body: string };
export type Backlog = { readonly packs: number; readonly bytes: number; readonly headN: number };
/** When a command's lease ends: a time of that boot of the kernel, or null when it was not known or never ends. */
export type LeaseEnd = { readonly boot: string; readonly deadlineMs: number | null };
export type CommandRow = LeaseEnd & { readonly id: string; readonly body: string; readonly state: string };

export type OutboxOptions = {
  readonly file: string;
  readonly edge: string;
  readonly boot: string;
  /** The name of a new epoch; used when the file is new, was damaged, or turns out to be an old copy. */
  readonly newEpochs: readonly [string, string];
  readonly bytesMax: number;
  /** Of elapsed time: a wall clock has no say in it. */
  readonly ageMaxMs: number;
  /** Names a damaged file that is set aside. */
  readonly nowMs: number;
  /** The stamp of what the outbox itself declares while it is opened, as in a pack; `nowMs` where it is not given. */
  readonly stampMs?: number;
};

export type OutboxStore = {
  /** The newest one that was set aside since the outbox was opened. */
  readonly damagedFile: string | null;
  readonly epoch: () => string;
  /** Begun since the file was opened: no log can know it yet. */
  readonly isNewEpoch: () => boolean;
  /** `nowMs` is the stamp of what has to be declared, as it goes into a pack. */
  readonly append: (drafts: readonly PackDraft[], nowMs: number) => Backlog;
  /** What waits, in the order it was kept, after number `n`. What is no longer what was written is declared instead. */
  readonly read: (afterN: number, limit: ReadLimit) => KeptPack[];
  /** What the log asked for again and does not wait; each once. */
  readonly readWanted: (limit: ReadLimit) => KeptPack[];
  /**
   * What the log holds waits no longer, and stays as reserve: a mark lower than before makes it wait again. An old copy put
   * back is known by a mark beyond what this file ever numbered, or by other bytes at the mark: then what waits is numbered
   * anew in a new epoch.
   */
  readonly applyMark: (mark: MarkMessage, context?: Partial<MarkContext>) => MarkOutcome;
  readonly backlog: () => Backlog;
  /** Null until a log has told its name with a mark. */
  readonly held: () => HeldMark | null;
  /** False when the command is known already. */
  readonly rememberCommand: (id: string, body: string, lease: LeaseEnd) => boolean;
  readonly setCommandState: (id: string, state: string) => void;
  readonly openCommands: () => CommandRow[];
  /** Lives of this boot whose packs wait for the offset that dates them. */
  readonly untoldLives: () => string[];
  /** The most pages of 4 kB the file may have, for tests of a full disk. */
  readonly limitPages: (pagesMax: number) => void;
  readonly close: () => void;
};

const PATIENCE_MS = 60_000;

export function openOutboxStore(options: OutboxOptions, time: OutboxTime = machineTime()): OutboxStore {
  let stampMs = options.stampMs ?? options.nowMs;
  const nextName = epochNames(options);
  const use = (db: OutboxLife['db']) => beginLife(db, { options, time, stampMs, nextName });
  let { opened: life, damagedFile } = openOutboxFile(options, use);
  /** Damage that shows while the file is in use: what can be saved goes on in a new file, and so does the call. */
  const withLife = <T>(work: (life: OutboxLife) => T): T => {
    // There was no room for the new file: perhaps there is now.
    if (!life.db.isOpen) ({ opened: life } = openOutboxFile(options, use));
    try {
      return work(life);
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (life.db.isOpen) life.db.close();
      ({ opened: life, damagedFile } = reopenDamaged(options, use));
      return work(life);
    }
  };
  return {
    get damagedFile() {
      return damagedFile;
    },
    epoch: () => life.packs.epoch(),
    isNewEpoch: () => life.packs.isNewEpoch(),
    backlog: () => life.packs.backlog(),
    held: () => withLife(({ seen }) => seen.held()),
    append: (drafts, nowMs) => {
      stampMs = nowMs;
      return withLife((current) => append(current, { drafts, options, stampMs }));
    },
    read: (afterN, limit) => withLife((current) => readWaiting(current, { afterN, limit, stampMs })),
    readWanted: (limit) => withLife((current) => readWanted(current, { limit, stampMs })),
    applyMark: (mark, context = {}) =>
      withLife((current) => applyMark(current, mark, { stampMs, patienceMs: PATIENCE_MS, ...context })),
    rememberCommand: (id, body, lease) =>
      withLife(({ packs, commands, elapsed }) =>
        packs.transact(() => commands.remember({ id, body, lease, bornMs: elapsed.count() })),
      ),
    setCommandState: (id, state) =>
      withLife(({ packs, commands }) => packs.transact(() => commands.setState(id, state))),
    openCommands: () => withLife(({ commands }) => commands.open()),
    untoldLives: () => withLife(({ lives }) => lives.untold()),
    limitPages: (pagesMax) => life.db.exec(`PRAGMA max_page_count = ${pagesMax}`),
    close: () => life.db.close(),
  };
}

type Append = { readonly drafts: readonly PackDraft[]; readonly options: OutboxOptions; readonly stampMs: number };

function append(life: OutboxLife, what: Append): Backlog {
  const { packs, reserve } = life;
  const keep = () => packs.transact(() => appendRows(life, what));
  try {
    return keep();
  } catch (error) {
    if (!isDiskFull(error) || packs.reserve().packs === 0) throw error;
    packs.transact(() => reserve.giveUp());
    return keep();
  }
}

function appendRows(life: OutboxLife, { drafts, options, stampMs }: Append): Backlog {
  const { sql, packs, reserve, elapsed } = life;
  for (const draft of drafts) packs.insert(draft);
  const elapsedMs = elapsed.count();
  reserve.dropOld(elapsedMs);
  reserve.bound();
  const gaps = dropOldest(sql, { bytes: packs.backlog().bytes, options, elapsedMs });
  if (gaps.length > 0) packs.recount();
  packs.declare(gaps, stampMs);
  return packs.backlog();
}

/** The two names that were given, then names of our own. */
function epochNames({ newEpochs, nowMs }: OutboxOptions): () => string {
  const given = [...newEpochs];
  return () => given.shift() ?? uuidV7(Math.max(0, Math.trunc(nowMs)), randomBytes(10));
}
