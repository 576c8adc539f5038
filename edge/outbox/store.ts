/** The outbox: packs keyed (edge, epoch, seq), numbered without gaps in the transaction that keeps them. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { CodedError, decodePack, type EventRecord, encodePack, type MarkMessage, type Sample } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import { createElapsed, type Elapsed, machineTime, type OutboxTime } from './elapsed.ts';
import { createLives, type Lives } from './lives.ts';
import { openOutboxFile } from './outbox-file.ts';

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
  readonly damagedFile: string | null;
  readonly epoch: () => string;
  /** Begun when the file was opened: no log can know it yet. */
  readonly isNewEpoch: boolean;
  /** `nowMs` is the stamp of what has to be declared, as it goes into a pack. */
  readonly append: (drafts: readonly PackDraft[], nowMs: number) => Backlog;
  /** In the order they were kept, after number `n`. */
  readonly read: (afterN: number, limit: { packs: number; bytes: number }) => KeptPack[];
  /**
   * Trims what the log holds. An old copy put back is known by a mark beyond what this file ever numbered, or by other
   * bytes at the mark: then nothing is trimmed, and what it still holds is numbered anew in a new epoch.
   */
  readonly applyMark: (mark: MarkMessage) => { backlog: Backlog; isOldCopy: boolean; isOwn: boolean };
  readonly backlog: () => Backlog;
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

/** Trimming for lack of room makes this much, so that not every append has to trim. */
const ROOM_SHARE = 0.9;
const COMMANDS_KEPT_MS = 90 * 86_400_000;

export function openOutboxStore(options: OutboxOptions, time: OutboxTime = machineTime()): OutboxStore {
  const { db, damagedFile } = openOutboxFile(options.file, options.nowMs);
  const sql = statements(db);
  checkOwner(db, options);
  // Without a name for the boot each life of the process stands for itself.
  const boot = time.kernelBoot ?? options.boot;
  const elapsed = createElapsed(db, boot, time.kernelMs);
  const lives = createLives(db, options.boot, boot);
  const packs = createPackRows({ db, sql, options, elapsed, lives, isDamaged: damagedFile !== null });
  if (damagedFile !== null) {
    const drafts = holes(sql, packs.epoch()).map((gap) => gapDraft(gap, options.stampMs ?? options.nowMs));
    packs.transact(() => {
      for (const draft of drafts) packs.insert(draft);
    });
  }
  return {
    damagedFile,
    epoch: packs.epoch,
    isNewEpoch: packs.isNewEpoch,
    backlog: packs.held,
    append: (drafts, nowMs) =>
      packs.transact(() => {
        for (const draft of drafts) packs.insert(draft);
        packs.makeRoom(nowMs);
        return packs.held();
      }),
    read: (afterN, limit) => readPacks(sql, afterN, limit),
    applyMark: (mark) =>
      packs.transact(() => {
        const isOwn = mark.epoch === packs.epoch();
        const isOldCopy = mark.epoch === packs.epoch() && isOfAnotherLife(sql, mark);
        if (isOldCopy) packs.rekey(options.newEpochs[1]);
        else packs.trim(mark.epoch, mark.seq);
        return { backlog: packs.held(), isOldCopy, isOwn };
      }),
    rememberCommand: (id, body, lease) =>
      packs.transact(() => {
        const bornMs = elapsed.count();
        sql.forgetCommands.run(bornMs - COMMANDS_KEPT_MS);
        return sql.addCommand.run(id, body, bornMs, lease.boot, lease.deadlineMs).changes === 1;
      }),
    setCommandState: (id, state) => {
      packs.transact(() => sql.setCommandState.run(state, id));
    },
    openCommands: () => sql.openCommands.all().map(commandOf),
    untoldLives: lives.untold,
    limitPages: (pagesMax) => db.exec(`PRAGMA max_page_count = ${pagesMax}`),
    close: () => db.close(),
  };
}

function commandOf(row: Record<string, unknown>): CommandRow {
  const deadlineMs = row['deadlineMs'] === null ? null : Number(row['deadlineMs']);
  const { id, body, state, boot } = row;
  return { id: String(id), body: String(body), state: String(state), boot: String(boot), deadlineMs };
}

type PackRowsInput = {
  readonly db: DatabaseSync;
  readonly elapsed: Elapsed;
  readonly lives: Lives;
  readonly sql: Statements;
  readonly options: OutboxOptions;
  readonly isDamaged: boolean;
};

/** The rows of packs with their running totals; changes belong inside `transact`. */
function createPackRows({ db, sql, options, elapsed, lives, isDamaged }: PackRowsInput) {
  let epoch = currentEpoch(db, options.newEpochs[0], isDamaged);
  const isNewEpoch = epoch === options.newEpochs[0];
  // Counted along: counting the rows would make each append as slow as the backlog is long.
  let held = counted(sql);
  const insert = ({ samples, events }: PackDraft, of: { boot: string; bornMs: number } | null = null) => {
    const { boot, bornMs } = of ?? { boot: options.boot, bornMs: elapsed.count() };
    const seq = Number(sql.nextSeq.get(epoch)?.['nextSeq']);
    const body = encodePack({ edge: options.edge, epoch, seq, boot, samples, events });
    const size = Buffer.byteLength(body);
    const { lastInsertRowid } = sql.insert.run(epoch, seq, body, size, bornMs);
    sql.setNextSeq.run(seq + 1, epoch);
    held = { packs: held.packs + 1, bytes: held.bytes + size, headN: Number(lastInsertRowid) };
    lives.note({ samples, events });
  };
  return {
    epoch: () => epoch,
    isNewEpoch,
    held: () => held,
    insert,
    makeRoom: (nowMs: number) => {
      const isOver = held.bytes > options.bytesMax;
      const gaps = dropOldest(sql, { isOver, bytes: held.bytes, options, elapsedMs: elapsed.count() });
      if (gaps.length > 0) held = { ...counted(sql), headN: held.headN };
      if (gaps.length > 0) lives.forgetTold();
      for (const gap of gaps) insert(gapDraft(gap, nowMs));
    },
    trim: (of: string, seq: number) => {
      const trimmed = sql.trimmed.get(of, seq);
      sql.trim.run(of, seq);
      sql.setMark.run(seq, of);
      const packs = held.packs - Number(trimmed?.['packs'] ?? 0);
      held = { ...held, packs, bytes: held.bytes - Number(trimmed?.['bytes'] ?? 0) };
    },
    rekey: (newEpoch: string) => {
      const unsent = sql.ofEpoch.all(epoch);
      sql.deleteEpoch.run(epoch);
      held = { ...counted(sql), headN: held.headN };
      epoch = newEpoch;
      sql.addEpoch.run(epoch);
      for (const row of unsent) {
        const { pack } = decodePack(String(row['body']));
        insert(pack, { boot: pack.boot, bornMs: Number(row['bornMs']) });
      }
    },
    transact: <T>(work: () => T): T => {
      const before = { held, epoch };
      try {
        return inTransaction(db, work);
      } catch (error) {
        ({ held, epoch } = before);
        throw error;
      }
    },
  };
}

type Statements = ReturnType<typeof statements>;

function statements(db: DatabaseSync) {
  return {
    nextSeq: db.prepare('SELECT nextSeq FROM epoch WHERE epoch = ?'),
    setNextSeq: db.prepare('UPDATE epoch SET nextSeq = ? WHERE epoch = ?'),
    setMark: db.prepare('UPDATE epoch SET mark = max(mark, CAST(? AS INTEGER)) WHERE epoch = ?'),
    mark: db.prepare('SELECT mark FROM epoch WHERE epoch = ?'),
    addEpoch: db.prepare('INSERT INTO epoch (epoch, nextSeq, mark) VALUES (?, 1, 0)'),
    insert: db.prepare('INSERT INTO pack (epoch, seq, body, bytes, bornMs) VALUES (?, ?, ?, ?, ?)'),
    after: db.prepare('SELECT n, epoch, seq, body, bytes FROM pack WHERE n > ? ORDER BY n LIMIT ?'),
    bodyAt: db.prepare('SELECT body FROM pack WHERE epoch = ? AND seq = ?'),
    ofEpoch: db.prepare('SELECT body, bornMs FROM pack WHERE epoch = ? ORDER BY n'),
    oldest: db.prepare('SELECT n, epoch, seq, bytes, bornMs FROM pack ORDER BY n LIMIT ?'),
    deleteUpTo: db.prepare('DELETE FROM pack WHERE n <= ?'),
    deleteEpoch: db.prepare('DELETE FROM pack WHERE epoch = ?'),
    trim: db.prepare('DELETE FROM pack WHERE epoch = ? AND seq <= ?'),
    trimmed: db.prepare('SELECT count(*) AS packs, sum(bytes) AS bytes FROM pack WHERE epoch = ? AND seq <= ?'),
    keys: db.prepare('SELECT epoch, seq FROM pack ORDER BY epoch, seq'),
    totals: db.prepare('SELECT count(*) AS packs, sum(bytes) AS bytes, max(n) AS headN FROM pack'),
    addCommand: db.prepare(
      "INSERT OR IGNORE INTO command (id, body, state, bornMs, boot, deadlineMs) VALUES (?, ?, 'accepted', ?, ?, ?)",
    ),
    setCommandState: db.prepare('UPDATE command SET state = ? WHERE id = ?'),
    openCommands: db.prepare("SELECT * FROM command WHERE state IN ('accepted', 'written', 'held', 'undoing')"),
    forgetCommands: db.prepare("DELETE FROM command WHERE bornMs < ? AND state = 'done'"),
  };
}

/** @throws CodedError `edge.outbox-write-failed`: a full disk, mostly. Nothing of a failed transaction is kept. */
function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  try {
    db.exec('BEGIN IMMEDIATE');
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (cause) {
    if (db.isTransaction) db.exec('ROLLBACK');
    if (!isStorageFault(cause)) throw cause;
    throw new CodedError('edge.outbox-write-failed', `the outbox was not written: ${String(cause)}`, { cause });
  }
}

function checkOwner(db: DatabaseSync, options: OutboxOptions): void {
  db.prepare("INSERT OR IGNORE INTO meta (key, value) VALUES ('edge', ?)").run(options.edge);
  const owner = db.prepare("SELECT value FROM meta WHERE key = 'edge'").get()?.['value'];
  if (owner === options.edge) return;
  db.close();
  throw new CodedError('edge.outbox-foreign', `${options.file} belongs to edge ${String(owner)}`);
}

/** The newest epoch goes on; a new file, and one saved from damage, begins another. */
function currentEpoch(db: DatabaseSync, newEpoch: string, isDamaged: boolean): string {
  const known = db.prepare('SELECT epoch FROM epoch ORDER BY rowid DESC LIMIT 1').get();
  if (known !== undefined && !isDamaged) return String(known['epoch']);
  db.prepare('INSERT INTO epoch (epoch, nextSeq, mark) VALUES (?, 1, 0)').run(newEpoch);
  return newEpoch;
}

/** The log's bytes are first: where ours differ, this file went on from a copy while the one the log knows did too. */
function isOfAnotherLife(sql: Statements, { epoch, seq, hash }: MarkMessage): boolean {
  const nextSeq = sql.nextSeq.get(epoch)?.['nextSeq'];
  if (nextSeq !== undefined && seq >= Number(nextSeq)) return true;
  const body = sql.bodyAt.get(epoch, seq)?.['body'];
  if (body === undefined || hash === undefined) return false;
  return createHash('sha256').update(String(body)).digest('hex') !== hash;
}

function readPacks(sql: Statements, afterN: number, limit: { packs: number; bytes: number }): KeptPack[] {
  const packs: KeptPack[] = [];
  let size = 0;
  for (const row of sql.after.iterate(afterN, limit.packs)) {
    size += Number(row['bytes']);
    if (packs.length > 0 && size > limit.bytes) break;
    packs.push({
      n: Number(row['n']),
      epoch: String(row['epoch']),
      seq: Number(row['seq']),
      body: String(row['body']),
    });
  }
  return packs;
}

function counted(sql: Statements): Backlog {
  const row = sql.totals.get();
  return {
    packs: Number(row?.['packs'] ?? 0),
    bytes: Number(row?.['bytes'] ?? 0),
    headN: Number(row?.['headN'] ?? 0),
  };
}

/** A range of numbers that will never be sent: declared, so that the mark moves on and the loss shows. */
type Dropped = { readonly epoch: string; readonly fromSeq: number; readonly toSeq: number; readonly reason: string };

function gapDraft(gap: Dropped, nowMs: number): PackDraft {
  return { samples: [], events: [{ device: 'edge', type: 'gap', timeMs: nowMs, body: { ...gap } }] };
}

/** Numbers missing between packs saved from a damaged file; what came after the last one cannot be known. */
function holes(sql: Statements, ownEpoch: string): Dropped[] {
  const gaps: Dropped[] = [];
  let last: { epoch: string; seq: number } | null = null;
  for (const row of sql.keys.iterate()) {
    const key = { epoch: String(row['epoch']), seq: Number(row['seq']) };
    if (last?.epoch === key.epoch && key.seq > last.seq + 1 && key.epoch !== ownEpoch) {
      gaps.push({ epoch: key.epoch, fromSeq: last.seq + 1, toSeq: key.seq - 1, reason: 'the outbox file was damaged' });
    }
    last = key;
  }
  return gaps;
}

type DropContext = {
  readonly isOver: boolean;
  readonly bytes: number;
  readonly options: OutboxOptions;
  readonly elapsedMs: number;
};

/** Drops the oldest packs that are too old or too many, and says which, one range for each epoch. */
function dropOldest(sql: Statements, context: DropContext): Dropped[] {
  const { options, elapsedMs } = context;
  const oldest = sql.oldest.all(1)[0];
  const bornBeforeMs = elapsedMs - options.ageMaxMs;
  if (oldest === undefined || (!context.isOver && Number(oldest['bornMs']) >= bornBeforeMs)) return [];
  const targetBytes = options.bytesMax * ROOM_SHARE;
  let leftBytes = context.bytes;
  let lastN = 0;
  const ranges = new Map<string, Dropped>();
  for (const row of sql.oldest.iterate(1_000_000)) {
    const isTooOld = Number(row['bornMs']) < bornBeforeMs;
    if (!isTooOld && !(context.isOver && leftBytes > targetBytes)) break;
    const epoch = String(row['epoch']);
    const seq = Number(row['seq']);
    const size = Number(row['bytes']);
    const reason = isTooOld ? 'older than the outbox may keep' : 'the outbox was full';
    const range = ranges.get(epoch) ?? { epoch, fromSeq: firstUnheld(sql, epoch, seq), toSeq: seq, reason };
    ranges.set(epoch, { ...range, toSeq: seq });
    leftBytes -= size;
    lastN = Number(row['n']);
  }
  sql.deleteUpTo.run(lastN);
  return [...ranges.values()];
}

/** From the mark on: a declaration made before may be among what is dropped now, and would leave a hole for ever. */
function firstUnheld(sql: Statements, epoch: string, seq: number): number {
  const mark = sql.mark.get(epoch)?.['mark'];
  return mark === undefined ? seq : Math.min(Number(mark) + 1, seq);
}
