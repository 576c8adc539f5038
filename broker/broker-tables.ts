/** broker.db: the access document in force, the edges' last status messages and device lists, so that all survive a restart. */
import type { DatabaseSync } from 'node:sqlite';
import type { AccessDocument } from '@commonworks/core';
import { isDamage } from '@commonworks/telemetry/log/row-check.ts';
import type { Migration } from '@commonworks/telemetry/sqlite/open-database.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';

export const BROKER_MIGRATIONS: readonly Migration[] = [
  `CREATE TABLE access (
     id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, synced_ms INTEGER NOT NULL, document TEXT NOT NULL
   ) STRICT;
   CREATE TABLE edge_status (edge TEXT PRIMARY KEY, received_ms INTEGER NOT NULL, payload TEXT NOT NULL) STRICT;`,
  `CREATE TABLE edge_devices (
     edge TEXT NOT NULL, page INTEGER NOT NULL, payload TEXT NOT NULL, PRIMARY KEY (edge, page)
   ) STRICT;`,
  `CREATE TABLE log_witness (
     id INTEGER PRIMARY KEY CHECK (id = 1), log TEXT NOT NULL, generation INTEGER NOT NULL, since_ms INTEGER NOT NULL,
     head INTEGER NOT NULL, hash TEXT, written_ms INTEGER NOT NULL
   ) STRICT;`,
  `CREATE TABLE log_trail (cursor INTEGER PRIMARY KEY, log TEXT NOT NULL, proof TEXT NOT NULL) STRICT;`,
];

/** What the log was when it was last looked at: kept in another file, so that an older telemetry.db is noticed. */
export type LogWitness = {
  readonly log: string;
  readonly generation: number;
  /** When that generation began: two branches may count alike. */
  readonly sinceMs: number;
  readonly head: number;
  /** Of the entry at `head`; null when that is none, or damaged. */
  readonly hash: string | null;
  readonly writtenMs: number;
};

/** An entry that stood in the log when it was looked at: `proof` is of all of its row, its time of arrival with it. */
export type TrailMark = { readonly cursor: number; readonly proof: string };
export type SavedTrail = TrailMark & { readonly log: string };

/** Rows of the trail: each step back about a tenth farther than the one before. */
const TRAIL_MAX = 64;

export type SavedAccess = { readonly document: AccessDocument; readonly syncedMs: number };
export type SavedStatus = { readonly edge: string; readonly receivedMs: number; readonly payload: string };

/** `pages`: how many the list has now; those after them belong to an older one. An empty payload clears the page. */
export type SavedDevices = {
  readonly edge: string;
  readonly page: number;
  readonly pages: number;
  readonly payload: string;
};

export class BrokerTables {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  access(): SavedAccess | null {
    const row = this.#db.prepare('SELECT synced_ms, document FROM access').get();
    if (row === undefined) return null;
    return { document: JSON.parse(String(row['document'])) as AccessDocument, syncedMs: Number(row['synced_ms']) };
  }

  saveAccess({ document, syncedMs }: SavedAccess): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO access VALUES (1, ?, ?, ?)')
      .run(document.version, syncedMs, JSON.stringify(document));
  }

  /** All of it in one commit. */
  saveLatest(batch: { readonly statuses: readonly SavedStatus[]; readonly devices: readonly SavedDevices[] }): void {
    inTransaction(this.#db, () => {
      for (const status of batch.statuses) this.#saveStatus(status);
      for (const page of batch.devices) this.#saveDevices(page);
    });
  }

  statuses(): SavedStatus[] {
    const rows = this.#db.prepare('SELECT edge, received_ms, payload FROM edge_status').all();
    return rows.map((row) => ({
      edge: String(row['edge']),
      receivedMs: Number(row['received_ms']),
      payload: String(row['payload']),
    }));
  }

  /** An empty payload clears a retained message, here too. */
  #saveStatus({ edge, receivedMs, payload }: SavedStatus): void {
    if (payload === '') this.#db.prepare('DELETE FROM edge_status WHERE edge = ?').run(edge);
    else this.#db.prepare('INSERT OR REPLACE INTO edge_status VALUES (?, ?, ?)').run(edge, receivedMs, payload);
  }

  witness(): LogWitness | null {
    const row = this.#db.prepare('SELECT * FROM log_witness').get();
    if (row === undefined) return null;
    const numbers = {
      generation: Number(row['generation']),
      sinceMs: Number(row['since_ms']),
      head: Number(row['head']),
    };
    const hash = row['hash'] === null ? null : String(row['hash']);
    return { log: String(row['log']), ...numbers, hash, writtenMs: Number(row['written_ms']) };
  }

  /**
   * `proof`: of the entry at the head. In a damaged broker.db the one before stands: it says less, and nothing wrong; the
   * next start makes the file anew.
   */
  saveWitness({ log, generation, sinceMs, head, hash, writtenMs }: LogWitness, proof: string | null): void {
    try {
      inTransaction(this.#db, () => {
        this.#db
          .prepare('INSERT OR REPLACE INTO log_witness VALUES (1, ?, ?, ?, ?, ?, ?)')
          .run(log, generation, sinceMs, head, hash, Math.trunc(writtenMs));
        this.#db.prepare('DELETE FROM log_trail WHERE log <> ?').run(log);
        if (proof !== null) this.#lengthenTrail({ log, cursor: head, proof });
      });
    } catch (error) {
      // The log is not to blame for it: whoever writes here between its rows must not be told of damage.
      if (!isDamage(error)) throw error;
    }
  }

  /** As it was: for a file that is begun anew. */
  putTrail(trail: readonly SavedTrail[]): void {
    const insert = this.#db.prepare('INSERT OR REPLACE INTO log_trail VALUES (?, ?, ?)');
    inTransaction(this.#db, () => {
      for (const { log, cursor, proof } of trail) insert.run(cursor, log, proof);
    });
  }

  #lengthenTrail({ log, cursor, proof }: SavedTrail): void {
    this.#db.prepare('INSERT OR REPLACE INTO log_trail VALUES (?, ?, ?)').run(cursor, log, proof);
    this.#thinTrail();
  }

  /** Of one log, the newest first. */
  trail(log: string): TrailMark[] {
    const rows = this.#db.prepare('SELECT cursor, proof FROM log_trail WHERE log = ? ORDER BY cursor DESC').all(log);
    return rows.map(({ cursor, proof }) => ({ cursor: Number(cursor), proof: String(proof) }));
  }

  /** What goes is missed least: its neighbours lie nearest to each other, measured by how far back they are. */
  #thinTrail(): void {
    const rows = this.#db.prepare('SELECT cursor FROM log_trail ORDER BY cursor DESC').all();
    const cursors = rows.map(({ cursor }) => Number(cursor));
    const head = cursors[0] ?? 0;
    const drop = this.#db.prepare('DELETE FROM log_trail WHERE cursor = ?');
    while (cursors.length > TRAIL_MAX) {
      const gap = (k: number) => ((cursors[k - 1] ?? 0) - (cursors[k + 1] ?? 0)) / (head - (cursors[k + 1] ?? 0));
      let least = 1;
      for (let k = 2; k < cursors.length - 1; k++) if (gap(k) < gap(least)) least = k;
      drop.run(...cursors.splice(least, 1));
    }
  }

  devices(): Pick<SavedDevices, 'edge' | 'page' | 'payload'>[] {
    const rows = this.#db.prepare('SELECT edge, page, payload FROM edge_devices').all();
    return rows.map((row) => ({
      edge: String(row['edge']),
      page: Number(row['page']),
      payload: String(row['payload']),
    }));
  }

  #saveDevices({ edge, page, pages, payload }: SavedDevices): void {
    this.#db.prepare('DELETE FROM edge_devices WHERE edge = ? AND (page >= ? OR page = ?)').run(edge, pages, page);
    if (payload !== '') this.#db.prepare('INSERT INTO edge_devices VALUES (?, ?, ?)').run(edge, page, payload);
  }
}
