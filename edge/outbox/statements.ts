/** The outbox's SQL, prepared once. A pack waits while its number is above its epoch's mark; up to the mark it is reserve. */
import type { DatabaseSync } from 'node:sqlite';
import { createEpochRows } from './epoch-rows.ts';

export type Statements = ReturnType<typeof statements>;

const WITH_MARK = 'FROM pack LEFT JOIN epoch USING (epoch) WHERE';
const WAITS = 'seq > coalesce(mark, 0)';

export function statements(db: DatabaseSync) {
  return {
    epochs: createEpochRows(db),
    insert: db.prepare('INSERT INTO pack (epoch, seq, body, bytes, bornMs, hash) VALUES (?, ?, ?, ?, ?, ?)'),
    // Within an epoch numbers and n rise together: the index leads to the first that waits, past a long reserve. CROSS:
    // from the few epochs to their packs, never from every pack of the reserve.
    firstWaiting: db.prepare(`SELECT min(n) AS n FROM epoch AS e CROSS JOIN pack AS p ON p.epoch = e.epoch
      AND p.seq = (SELECT min(seq) FROM pack AS q WHERE q.epoch = e.epoch AND q.seq > e.mark)`),
    waiting: db.prepare(
      `SELECT n, epoch, seq, body, bytes, bornMs, hash ${WITH_MARK} n > ? AND ${WAITS} ORDER BY n LIMIT ?`,
    ),
    waitingOf: db.prepare(
      'SELECT n, epoch, seq, body, bytes, bornMs, hash FROM pack WHERE epoch = ? AND seq > ? ORDER BY seq',
    ),
    between: db.prepare(
      'SELECT n, epoch, seq, body, bytes, bornMs, hash FROM pack WHERE epoch = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?',
    ),
    at: db.prepare('SELECT body, hash FROM pack WHERE epoch = ? AND seq = ?'),
    firstSeq: db.prepare('SELECT min(seq) AS seq FROM pack WHERE epoch = ?'),
    seqsBetween: db.prepare('SELECT seq FROM pack WHERE epoch = ? AND seq BETWEEN ? AND ? ORDER BY seq'),
    sumBetween: db.prepare(
      'SELECT count(*) AS packs, sum(bytes) AS bytes FROM pack WHERE epoch = ? AND seq > ? AND seq <= ?',
    ),
    sums: db.prepare(`SELECT ${WAITS} AS waits, count(*) AS packs, sum(bytes) AS bytes ${WITH_MARK} 1 GROUP BY 1`),
    headN: db.prepare('SELECT max(n) AS n FROM pack'),
    // The last pack of an epoch stays: with it a log that has forgotten the epoch is asked what it has of it.
    reserve: db.prepare(`SELECT n, bytes, bornMs ${WITH_MARK} seq <= mark AND seq < nextSeq - 1 ORDER BY n`),
    deleteWaitingUpTo: db.prepare(
      'DELETE FROM pack WHERE n <= ? AND seq > coalesce((SELECT mark FROM epoch WHERE epoch.epoch = pack.epoch), 0)',
    ),
    deleteReserveUpTo: db.prepare(
      'DELETE FROM pack WHERE n <= ? AND seq <= (SELECT min(mark, nextSeq - 2) FROM epoch WHERE epoch.epoch = pack.epoch)',
    ),
    deleteWaitingOf: db.prepare('DELETE FROM pack WHERE epoch = ? AND seq > ?'),
    deleteAt: db.prepare('DELETE FROM pack WHERE n = ?'),
    keepSpoiled: db.prepare('INSERT INTO spoiled (epoch, seq, body, hash) VALUES (?, ?, ?, ?)'),
    forgetSpoiled: db.prepare('DELETE FROM spoiled WHERE id <= (SELECT max(id) FROM spoiled) - ?'),
    meta: db.prepare('SELECT value FROM meta WHERE key = ?'),
    setMeta: db.prepare(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ),
    forgetMeta: db.prepare('DELETE FROM meta WHERE key = ?'),
    ownPack: db.prepare('SELECT 1 FROM pack WHERE body LIKE ? LIMIT 1'),
  };
}
