/** One opened outbox file with everything that works on it; what it says of itself must fit together. */
import type { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@commonworks/core';
import { type Commands, createCommands } from './commands.ts';
import { createElapsed, type Elapsed, type OutboxTime } from './elapsed.ts';
import { GAP_REASONS } from './gaps.ts';
import { createLives, type Lives } from './lives.ts';
import { DamagedFile } from './outbox-faults.ts';
import { createPackRows, missing, type PackRows } from './pack-rows.ts';
import { createReserve, type Reserve } from './reserve.ts';
import { SALVAGED } from './salvage.ts';
import { createSeenLog, type SeenLog } from './seen-log.ts';
import { type Statements, statements } from './statements.ts';
import type { OutboxOptions } from './store.ts';
import { createWanted, type Wanted } from './wanted.ts';

export type OutboxLife = {
  readonly edge: string;
  readonly db: DatabaseSync;
  readonly sql: Statements;
  readonly elapsed: Elapsed;
  readonly lives: Lives;
  readonly packs: PackRows;
  readonly reserve: Reserve;
  readonly seen: SeenLog;
  readonly wanted: Wanted;
  readonly commands: Commands;
};

export type LifeOptions = {
  readonly options: OutboxOptions;
  readonly time: OutboxTime;
  readonly stampMs: number;
  /** Names for new epochs, without end. */
  readonly nextName: () => string;
};

/** Packs are kept every few seconds: elapsed time is hardly ever further on than the newest. */
const COUNTED_BEYOND_MS = 86_400_000;

/** @throws DamagedFile, CodedError `edge.outbox-foreign`. */
export function beginLife(db: DatabaseSync, { options, time, stampMs, nextName }: LifeOptions): OutboxLife {
  const sql = statements(db);
  const isSalvaged = sql.meta.get(SALVAGED) !== undefined;
  checkOwner(sql, options);
  // What was saved has counts beyond what is left: that is what will be declared.
  if (!isSalvaged) checkCounts(db, sql);
  // Without a name for the boot each life of the process stands for itself.
  const boot = time.kernelBoot ?? options.boot;
  const elapsed = createElapsed(db, boot, time.kernelMs);
  const lives = createLives(db, options.boot, boot);
  const newEpoch = () => {
    for (;;) {
      const name = nextName();
      if (sql.epochs.get(name) === null) return name;
    }
  };
  const packs = createPackRows({ db, sql, options, elapsed, lives, newEpoch });
  if (isSalvaged || packs.epoch() === '') {
    packs.transact(() => {
      const lost = missing(sql, GAP_REASONS.damaged);
      packs.beginEpoch();
      packs.declare(lost, stampMs);
      sql.forgetMeta.run(SALVAGED);
    });
  }
  const reserve = createReserve(sql, packs, options.bytesMax);
  const wanted = createWanted(time.kernelMs);
  const { edge } = options;
  return {
    edge,
    db,
    sql,
    elapsed,
    lives,
    packs,
    reserve,
    seen: createSeenLog(sql),
    wanted,
    commands: createCommands(db),
  };
}

function checkOwner(sql: Statements, { file, edge }: OutboxOptions): void {
  const owner = sql.meta.get('edge')?.['value'];
  if (owner === undefined) sql.setMeta.run('edge', edge);
  if (owner === undefined || owner === edge) return;
  // Packs of ours in a file of another: not the file is wrong, its name for the owner is.
  if (sql.ownPack.get(`[{"bn":"${edge}/"%`) !== undefined)
    throw new DamagedFile('the owner is another than that of the packs');
  throw new CodedError('edge.outbox-foreign', `${file} belongs to edge ${String(owner)}`);
}

/** A flipped bit in a count is no fault to SQLite; to us it would give a number twice, or never. */
function checkCounts(db: DatabaseSync, sql: Statements): void {
  const head = db.prepare('SELECT n, epoch, bornMs FROM pack ORDER BY n DESC LIMIT 1').get();
  const epochs = sql.epochs.all();
  const newest = epochs.at(-1);
  if (newest === undefined && head !== undefined) throw new DamagedFile('there are packs, and no epoch');
  const last = db.prepare('SELECT max(seq) AS seq FROM pack WHERE epoch = ?');
  for (const { epoch, nextSeq, mark } of epochs) {
    const lastSeq = Number(last.get(epoch)?.['seq'] ?? 0);
    const isSound = epoch === newest?.epoch ? nextSeq - 1 === Math.max(lastSeq, mark) : lastSeq < nextSeq;
    if (!isSound) throw new DamagedFile(`epoch ${epoch} goes on at ${nextSeq} after ${lastSeq}`);
  }
  if (head === undefined) return;
  const limit = db.prepare('UPDATE elapsed SET ms = ?1 WHERE id = 1 AND ms > ?1');
  limit.run(Number(head['bornMs']) + COUNTED_BEYOND_MS);
}
