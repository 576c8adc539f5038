/** Lives of the process that stamped packs since boot, until the offset that dates them has been put on its way. */
import type { DatabaseSync } from 'node:sqlite';
import { MONOTONIC_LIMIT_MS } from '@commonworks/core';
import type { PackDraft } from './store.ts';

export type Lives = {
  /** Remembers what these packs mean for their life; called inside the transaction that keeps them. */
  readonly note: (draft: PackDraft) => void;
  /** What was told may have been dropped with packs: it is told again. */
  readonly forgetTold: () => void;
  /** Of this boot; of another boot nobody can tell any more. */
  readonly untold: () => string[];
};

export function createLives(db: DatabaseSync, life: string, boot: string): Lives {
  db.prepare('DELETE FROM life WHERE boot <> ? OR (isTold = 1 AND life <> ?)').run(boot, life);
  const add = db.prepare('INSERT OR IGNORE INTO life (life, boot, isTold) VALUES (?, ?, 0)');
  const setTold = db.prepare('UPDATE life SET isTold = 1 WHERE life = ?');
  const untell = db.prepare('UPDATE life SET isTold = 0');
  const untold = db.prepare('SELECT life FROM life WHERE isTold = 0 ORDER BY rowid');
  return {
    note: ({ samples, events }) => {
      const isUndated = [...samples, ...events].some(({ timeMs }) => timeMs < MONOTONIC_LIMIT_MS);
      if (isUndated) add.run(life, boot);
      for (const { type, body } of events) if (type === 'clock') setTold.run(String(body['boot']));
    },
    forgetTold: () => void untell.run(),
    untold: () => untold.all().map((row) => String(row['life'])),
  };
}
