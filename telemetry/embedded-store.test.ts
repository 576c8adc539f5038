import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSeriesStore } from './contract.ts';
import { openEmbeddedStore } from './embedded-store.ts';

describeSeriesStore('the embedded store', {
  open: () => openEmbeddedStore(join(mkdtempSync(join(tmpdir(), 'cw-series-')), 'telemetry.db')),
  keepsFirst: true,
});
