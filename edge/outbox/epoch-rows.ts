/** The counts of each epoch: its next number and the log's mark. A flipped bit in them would give a number twice, or let packs pass for held. */
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { DamagedFile } from './outbox-faults.ts';

export type EpochCounts = { readonly epoch: string; readonly nextSeq: number; readonly mark: number };

export type EpochRows = {
  readonly get: (epoch: string) => EpochCounts | null;
  /** In the order they began. */
  readonly all: () => EpochCounts[];
  /** Called inside a transaction. */
  readonly put: (counts: EpochCounts) => void;
};

export function countsSum({ epoch, nextSeq, mark }: EpochCounts): number {
  return crc32(`${epoch} ${nextSeq} ${mark}`);
}

export function createEpochRows(db: DatabaseSync): EpochRows {
  const find = db.prepare('SELECT epoch, nextSeq, mark, sum FROM epoch WHERE epoch = ?');
  const all = db.prepare('SELECT epoch, nextSeq, mark, sum FROM epoch ORDER BY rowid');
  const put = db.prepare(
    `INSERT INTO epoch (epoch, nextSeq, mark, sum) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (epoch) DO UPDATE SET nextSeq = ?2, mark = ?3, sum = ?4`,
  );
  return {
    get: (epoch) => {
      const row = find.get(epoch);
      return row === undefined ? null : countsOf(row);
    },
    all: () => all.all().map(countsOf),
    put: (counts) => void put.run(counts.epoch, counts.nextSeq, counts.mark, countsSum(counts)),
  };
}

/** Rows of earlier versions have no sum. */
function countsOf(row: Record<string, unknown>): EpochCounts {
  const counts = { epoch: String(row['epoch']), nextSeq: Number(row['nextSeq']), mark: Number(row['mark']) };
  if (row['sum'] === null || row['sum'] === countsSum(counts)) return counts;
  throw new DamagedFile(`the counts of epoch ${counts.epoch} are not those that were written`);
}
