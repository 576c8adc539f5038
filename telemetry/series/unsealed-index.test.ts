import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openForReading, openOwnedDatabase } from '../sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '../sqlite/schema.ts';
import { inTransaction } from '../sqlite/transaction.ts';
import { Chunks, WINDOW_MS } from './chunks.ts';
import { SeriesTables } from './series-tables.ts';
import { UnsealedIndex } from './unsealed-index.ts';

const LIMITS = { readingsMax: 200, readPerCall: 50, comparedPerCall: 3 };
const DEVICES = Array.from({ length: 10 }, (_, i) => `home-${i}`);

it('an index of the log stays small although a day that is filled for ever keeps every row of it', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'cw-unsealed-')), 'telemetry.db');
  const { db, close } = openOwnedDatabase(path, TELEMETRY_MIGRATIONS);
  const tables = new SeriesTables(db);
  const reading = openForReading(path);
  const index = new UnsealedIndex(reading, new Chunks(reading), LIMITS);
  let most = 0;
  for (let day = 1; day <= 60; day++) {
    for (let hour = 0; hour < 3; hour++) {
      const stuck = { device: 'stuck', timeMs: day * 3 + hour, value: day };
      const samples = DEVICES.map((device) => ({ device, timeMs: day * WINDOW_MS + hour, value: hour }));
      const more = { edge: 'e', point: 'importedWh', quality: 'good' } as const;
      inTransaction(db, () => tables.stage([stuck, ...samples].map((one) => ({ ...one, ...more }))));
      tables.committed();
      tables.sealDue();
    }
    for (let calls = 0; !index.catchUp(); calls++) expect(calls).toBeLessThan(200);
    most = Math.max(most, index.readings);
  }
  expect(Number(db.prepare('SELECT count(*) AS n FROM series_log').get()?.['n'])).toBe(180);
  // The stuck day's own 180 and the last three days' 90 are not sealed.
  expect([most < 500, index.readings >= 270]).toEqual([true, true]);
  tables.sealAll();
  expect([index.catchUp(), index.readings]).toEqual([true, 0]);
  reading.close();
  close();
});
