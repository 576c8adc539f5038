/** A site with something in every file, its databases held open as by a running site: what was written stands in their -wal. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BROKER_MIGRATIONS } from '@commonworks/broker/broker-tables.ts';
import { openDatabase } from '@commonworks/community/database.ts';
import { postEntry } from '@commonworks/community/ledger/post-entry.ts';
import { sha256 } from '@commonworks/community/ledger/sha256.ts';
import { sessionEntry } from '@commonworks/core/ledger/index.ts';
import { openOutboxFile } from '@commonworks/edge/outbox/outbox-file.ts';
import { PackLog } from '@commonworks/telemetry/log/pack-log.ts';
import { openOwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import { createSite } from '../site/create-site.ts';

export type SiteUnderTest = {
  readonly folder: string;
  readonly dir: string;
  /** An empty folder for backups beside the site. */
  readonly target: string;
  readonly community: string;
  /** The bodies of its packs, by their cursors less one. */
  readonly bodies: readonly Buffer[];
  /** Closes the databases, as a site that stops. */
  readonly stop: () => Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

const EDGE = '01900000-0000-7000-8000-000000000001';
const EPOCH = '01900000-0000-7000-8000-0000000000e1';
const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

export async function siteUnderTest(options: { packs?: number; migrations?: number } = {}): Promise<SiteUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'commonworks-backup-'));
  const dir = join(folder, 'site');
  const target = mkdtempSync(join(folder, 'backups-'));
  const listen = { host: '127.0.0.1', webPort: 1, mqttPort: 1, mqttWsPort: 1, logPort: 1 };
  const place = { zone: 'Europe/Vienna', currency: 'EUR', locale: 'en' };
  const { config } = createSite(dir, { name: 'Testhof', ...place, listen, nowMs: Date.now() });
  const data = join(dir, 'data');
  const migrations = TELEMETRY_MIGRATIONS.slice(0, options.migrations ?? TELEMETRY_MIGRATIONS.length);
  const telemetry = openOwnedDatabase(join(data, 'telemetry.db'), migrations);
  const bodies = Array.from({ length: options.packs ?? 50 }, (_, n) => packBody(n + 1));
  addPacks(telemetry.db, bodies);
  const broker = openOwnedDatabase(join(data, 'broker.db'), BROKER_MIGRATIONS);
  broker.db.exec(`INSERT INTO edge_status VALUES ('${EDGE}', 1, '{}')`);
  const db = await openDatabase(join(data, 'community.db'));
  for (let n = 1; n <= 3; n++) await postCharge(db, config.community.id, n);
  const auth = new DatabaseSync(join(data, 'auth.db'));
  auth.exec("PRAGMA journal_mode = WAL; CREATE TABLE user (id TEXT); INSERT INTO user VALUES ('ida')");
  const file = join(dir, 'edges', 'cellar.outbox.db');
  const { opened: outbox } = openOutboxFile({ file, edge: EDGE, nowMs: 1 }, (opened) => opened);
  outbox.exec(`INSERT INTO meta VALUES ('mark', 'of the backup')`);
  writeFileSync(join(dir, 'edges', 'cellar.yaml'), 'edge: cellar\n');
  writeFileSync(join(data, 'hub-time.json'), '[]');
  let isOpen = true;
  const stop = async () => {
    if (!isOpen) return;
    isOpen = false;
    telemetry.close();
    broker.close();
    await db.destroy();
    auth.close();
    outbox.close();
  };
  return {
    ...{ folder, dir, target, community: config.community.id, bodies, stop },
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Some small and as they came, most long enough to be packed. */
function packBody(n: number): Buffer {
  const key = { bn: `${EDGE}/`, n: 'pack', vs: `${EPOCH}.${n}.${uuid(3)}` };
  return Buffer.from(
    `[${JSON.stringify(key)},{"n":"${n}","v":"${n % 5 === 0 ? '' : randomBytes(20).toString('hex').repeat(20)}"}]`,
  );
}

/** With the columns of the first schema where there are no others. */
function addPacks(db: DatabaseSync, bodies: readonly Buffer[]): void {
  if (db.prepare("SELECT 1 FROM pragma_table_info('pack') WHERE name = 'hub_untrusted'").get() !== undefined) {
    const log = new PackLog(db);
    inTransaction(db, () => {
      bodies.forEach((body, at) => {
        log.insert({ edge: EDGE, epoch: EPOCH, seq: at + 1 }, body, { nowMs: 1, isTrusted: true });
      });
      log.saveMarks();
    });
    return;
  }
  db.prepare('INSERT INTO source VALUES (1, ?, ?, ?, 1)').run(EDGE, EPOCH, bodies.length);
  const insert = db.prepare('INSERT INTO pack VALUES (?, 1, ?, 1, ?, 0, ?)');
  bodies.forEach((body, at) => {
    insert.run(at + 1, at + 1, createHash('sha256').update(body).digest(), body);
  });
}

async function postCharge(db: Awaited<ReturnType<typeof openDatabase>>, community: string, n: number): Promise<void> {
  const charge = { community, currency: 'EUR', session: uuid(n), machine: uuid(8), member: uuid(9), endMs: n };
  const entry = sessionEntry({ ...charge, runningS: 600, pricePerHour: '1200' }, '2026-10', sha256);
  if (entry !== null) await db.transaction().execute((tx) => postEntry(tx, entry));
}
