/** All checks of the log and of the series made of it, on a connection that cannot write. */
import type { DatabaseSync } from 'node:sqlite';
import type { Check } from '@commonworks/core/audit/index.ts';
import { storeFault } from '@commonworks/store/store-fault.ts';
import { SeriesReader } from '@commonworks/telemetry/series/series-reader.ts';
import { createKeyChecks, type InOneMoment } from './check-keys.ts';
import { createBytesCheck, createSeriesCheck } from './check-packs.ts';

const HOUR_MS = 3_600_000;

export const BROKER_CHECKS: readonly Pick<Check, 'name' | 'invariant'>[] = [
  { name: 'log-once', invariant: 'log-once' },
  { name: 'log-marks', invariant: 'log-marks' },
  { name: 'log-bytes', invariant: 'log-bytes' },
  { name: 'series', invariant: 'series' },
];

export function brokerChecks(db: DatabaseSync): Check[] {
  const moment: InOneMoment = (look) => {
    db.exec('BEGIN');
    try {
      return look(db);
    } finally {
      if (db.isTransaction) db.exec('ROLLBACK');
    }
  };
  return [
    ...createKeyChecks(moment, HOUR_MS),
    createBytesCheck(moment, 24 * HOUR_MS),
    createSeriesCheck(moment, new SeriesReader(db), HOUR_MS),
  ];
}

export function judgeFault(error: unknown): 'later' | string {
  const fault = storeFault(error);
  return fault === 'busy' || fault === 'disk' ? 'later' : `could not be looked at: ${String(error)}`;
}
