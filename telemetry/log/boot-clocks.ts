/** Packs written before their edge knew the time, and the offsets that place them once it does. */
import type { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';

/** Packs in memory at a time. */
const TAKEN_MAX = 1000;

export class BootClocks {
  readonly #offset;
  readonly #set;
  readonly #wait;
  readonly #waiting;
  readonly #placed;

  constructor(db: DatabaseSync) {
    this.#offset = db.prepare('SELECT offset_ms FROM boot_clock WHERE edge = ? AND boot = ?');
    this.#set = db.prepare('INSERT OR REPLACE INTO boot_clock VALUES (?, ?, ?)');
    this.#wait = db.prepare('INSERT OR IGNORE INTO unplaced VALUES (?, ?, ?)');
    this.#waiting = db.prepare(`SELECT cursor, compression, body FROM unplaced JOIN pack USING (cursor)
      WHERE unplaced.edge = ? AND unplaced.boot = ? ORDER BY cursor LIMIT ${TAKEN_MAX}`);
    this.#placed = db.prepare('DELETE FROM unplaced WHERE cursor = ?');
  }

  /** Milliseconds to add to a time since that boot; null while unknown. */
  offset(edge: string, boot: string): number | null {
    const row = this.#offset.get(edge, boot);
    return row === undefined ? null : Number(row['offset_ms']);
  }

  set(edge: string, boot: string, offsetMs: number): void {
    this.#set.run(edge, boot, offsetMs);
  }

  /** Remembers that a pack has readings without a known time. */
  wait(cursor: number, edge: string, boot: string): void {
    this.#wait.run(cursor, edge, boot);
  }

  /** Takes the oldest packs that waited for this boot's clock; none left when it is empty. */
  take(edge: string, boot: string): Uint8Array[] {
    return this.#waiting.all(edge, boot).map((row) => {
      this.#placed.run(Number(row['cursor']));
      const body = row['body'] as Uint8Array;
      return row['compression'] === 1 ? zstdDecompressSync(body) : body;
    });
  }
}
