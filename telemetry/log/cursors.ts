/** How far each follower of the log has come. */
import type { DatabaseSync } from 'node:sqlite';

export class Cursors {
  readonly #load;
  readonly #save;
  readonly #all;

  constructor(db: DatabaseSync) {
    this.#load = db.prepare('SELECT cursor FROM sink WHERE name = ?');
    this.#save = db.prepare('INSERT INTO sink VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor');
    this.#all = db.prepare('SELECT name, cursor FROM sink ORDER BY name');
  }

  load(name: string): number {
    return Number(this.#load.get(name)?.['cursor'] ?? 0);
  }

  save(name: string, cursor: number): void {
    this.#save.run(name, cursor);
  }

  all(): { name: string; cursor: number }[] {
    return this.#all.all().map((row) => ({ name: String(row['name']), cursor: Number(row['cursor']) }));
  }
}
