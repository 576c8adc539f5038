/** Taps an agent's outbox from its file: a trigger of ours copies each key and a hash of its bytes in the agent's own transaction. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export type TappedKey = { readonly epoch: string; readonly seq: number; readonly hash: string };

/** False while the file or its table is not there yet. */
export function installTap(file: string): boolean {
  if (!existsSync(file)) return false;
  const db = new DatabaseSync(file, { timeout: 5000 });
  try {
    db.exec(`
      CREATE TABLE IF NOT EXISTS test_tap (epoch TEXT, seq INTEGER, body BLOB);
      CREATE TRIGGER IF NOT EXISTS test_tap AFTER INSERT ON pack
      BEGIN INSERT INTO test_tap VALUES (NEW.epoch, NEW.seq, NEW.body); END`);
    return true;
  } catch {
    return false;
  } finally {
    db.close();
  }
}

export function readTap(file: string): TappedKey[] {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    const rows = db.prepare('SELECT epoch, seq, body FROM test_tap ORDER BY epoch, seq').all() as {
      epoch: string;
      seq: number;
      body: string | Uint8Array;
    }[];
    return rows.map(({ epoch, seq, body }) => ({ epoch, seq, hash: createHash('sha256').update(body).digest('hex') }));
  } finally {
    db.close();
  }
}
