/** The auditor's own connection: it only reads, and each slice sees one moment of the database. */
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@commonworks/core';
import { Kysely } from 'kysely';
import type { Db } from '../database.ts';
import type { CommunityDatabase } from '../schema.ts';
import { nodeSqliteDialect } from '../sqlite-dialect.ts';

export type Looking = {
  /** All that is read within `work` is of one moment, whatever is written meanwhile. */
  readonly inOneMoment: <T>(work: (db: Db) => Promise<T>) => Promise<T>;
  readonly close: () => void;
};

const BUSY_TIMEOUT_MS = 5000;

/** @throws CodedError `community.database-unusable` */
export function openLooking(file: string): Looking {
  let raw: DatabaseSync;
  try {
    raw = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  } catch (cause) {
    throw new CodedError('community.database-unusable', `cannot open ${file}: ${String(cause)}`, { cause });
  }
  const db: Db = new Kysely<CommunityDatabase>({ dialect: nodeSqliteDialect(raw) });
  return {
    inOneMoment: async (work) => {
      raw.exec('BEGIN');
      try {
        return await work(db);
      } finally {
        if (raw.isTransaction) raw.exec('ROLLBACK');
      }
    },
    close: () => raw.close(),
  };
}
