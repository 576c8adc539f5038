/** Each invariant of the log broken by hand and found in words; a healthy log has no finding. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditPage, EMPTY_PAGE, runOneRound, takeSlice, verdicts } from '@commonworks/core/audit/index.ts';
import { openForReading, openOwnedDatabase } from '@commonworks/telemetry/sqlite/open-database.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { inTransaction } from '@commonworks/telemetry/sqlite/transaction.ts';
import { expect, it, onTestFinished } from 'vitest';
import { type CommitTables, openLogTables } from '../ingest/log-tables.ts';
import { commit, GOOD, NOW, old, pack, power, state } from '../ingest/test-commits.ts';
import { BROKER_CHECKS, brokerChecks, judgeFault } from './broker-checks.ts';
import { loadPages, savePages } from './keep-pages.ts';

const PACKS = 300;

/** A log of some hundred packs, one of them declared lost; `broken` is done behind the software's back. */
function logFile(broken: (tables: CommitTables) => void = () => undefined): string {
  const dir = mkdtempSync(join(tmpdir(), 'log-audit-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'telemetry.db');
  const owned = openOwnedDatabase(file, TELEMETRY_MIGRATIONS);
  const tables = openLogTables(owned.db);
  const gap = {
    device: 'edge',
    type: 'gap',
    timeMs: NOW,
    body: { epoch: EPOCH, fromSeq: 7, toSeq: 7, reason: 'full' },
  };
  for (let seq = 1; seq <= PACKS; seq++) {
    if (seq === 7) continue;
    const samples = [
      power('meter', NOW - PACKS + seq, seq),
      power('roof', NOW - PACKS + seq, -seq),
      state('on', NOW - PACKS + seq),
    ];
    commit(tables, pack({ edge: GOOD, seq, epoch: EPOCH }, samples, seq === 8 ? [gap] : []));
  }
  broken(tables);
  owned.close();
  return file;
}
const EPOCH = '01890000-0000-7000-8000-0000000000e9';

async function audit(file: string) {
  using db = openForReading(file);
  const pages = new Map<string, AuditPage>();
  await runOneRound(brokerChecks(db), {
    judge: judgeFault,
    onSlice: (name, slice) => void pages.set(name, takeSlice(pages.get(name) ?? EMPTY_PAGE, slice, 1).page),
  });
  const told = verdicts(BROKER_CHECKS, pages);
  const of = (name: string) => told.find(({ invariant }) => invariant === name);
  return { pages, told, of, words: (name: string) => of(name)?.findings.map(({ message }) => message) };
}

it('finds nothing in a healthy log, and says how much it looked at', async () => {
  const { told, of } = await audit(
    logFile((tables) => commit(tables, pack({ edge: GOOD, seq: PACKS + 1, epoch: EPOCH }, old(3)))),
  );
  expect(told.map(({ findings }) => findings)).toEqual([[], [], [], []]);
  expect([of('log-once')?.checked, of('log-marks')?.checked, of('log-bytes')?.checked]).toEqual([PACKS + 1, 1, PACKS]);
  expect(of('series')?.checked).toBeGreaterThan(200);
});

it('finds packs that were acknowledged and are nowhere', async () => {
  const file = logFile(({ db }) => db.exec('DELETE FROM pack WHERE seq IN (20, 21, 200, 300)'));
  const { words } = await audit(file);
  expect(words('log-once')).toEqual([
    `packs 20 to 21 of edge ${GOOD}, acknowledged, cannot be found anywhere`,
    `pack 200 of edge ${GOOD}, acknowledged, cannot be found anywhere`,
    `pack 300 of edge ${GOOD}, acknowledged, cannot be found anywhere`,
  ]);
  expect(words('log-bytes')?.length).toBeGreaterThan(0);
});

it('finds a mark that says less than is held', async () => {
  const { words } = await audit(logFile(({ db }) => db.exec('UPDATE source SET mark = 100')));
  expect(words('log-marks')).toEqual([
    `edge ${GOOD} was told 100, and pack 101 is held as well: it keeps what it need not keep`,
  ]);
});

it('finds a pack with other bytes than came', async () => {
  const { words } = await audit(
    logFile(({ db }) => db.exec(`UPDATE pack SET body = x'00', compression = 0 WHERE cursor = 30`)),
  );
  expect(words('log-bytes')).toEqual(['pack 30 of the log is damaged or gone']);
});

it('finds readings that the log has and the series have not, and those that differ', async () => {
  const lost = logFile(({ db }) => db.exec('DELETE FROM series_log WHERE id > 250'));
  expect((await audit(lost)).words('series')?.[0]).toMatch(/is in the log and not in the series/);
  const other = logFile((tables) => {
    const late = pack({ edge: GOOD, seq: PACKS + 1, epoch: EPOCH }, [power('meter', NOW - 1, 77)]);
    const key = { edge: GOOD, epoch: EPOCH, seq: PACKS + 1 };
    inTransaction(tables.db, () => {
      tables.log.insert(key, Buffer.from(late.body), { nowMs: NOW, isTrusted: true });
      tables.log.saveMarks();
    });
  });
  expect((await audit(other)).words('series')?.[0]).toMatch(/activePowerW of meter .* has another value in the series/);
});

it('goes on where it stopped, also after a restart, and begins anew with a file that is not whole', async () => {
  const file = logFile();
  const { pages } = await audit(file);
  savePages(`${file}.json`, pages);
  expect(loadPages(`${file}.json`)).toEqual(pages);
  expect(pages.get('series')?.position).toEqual({ after: '', memo: '1' });
  expect(loadPages(file)).toEqual(new Map());
});
