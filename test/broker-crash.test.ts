/** The promise itself: what was acknowledged is in the log, once, with its bytes, however often the broker dies. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AccessDocument, BrokerStatus, LogEntry, LogPage, SeriesRange } from '@commonworks/core';
import { expect, it } from 'vitest';
import { hashSecret } from '../broker/access/secret-hash.ts';
import { auditLogOnce } from '../broker/audit/audit-once.ts';
import { LoadEdge } from './broker/load.ts';
import {
  type BrokerProcess,
  type BrokerSite,
  getJson,
  newBrokerSite,
  putAccess,
  startBrokerProcess,
} from './peers/broker-process.ts';
import { foundBy } from './site/found-by.ts';
import { readSeries } from './site/series-pages.ts';

const KILLS = process.env['LONG'] === '1' ? 40 : 6;

async function readWholeLog(site: BrokerSite, broker: BrokerProcess): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let after = 0; ; ) {
    const page = await getJson<LogPage>(site, broker, `/log?after=${after}`);
    if (page.entries.length === 0) return entries;
    entries.push(...page.entries);
    after = page.next;
  }
}

/** Until so many more packs are acknowledged, or five seconds: a busy machine kills too. */
async function someMore(edges: readonly LoadEdge[], count: number): Promise<void> {
  const total = () => edges.reduce((sum, edge) => sum + edge.acked.size, 0);
  const goal = total() + count;
  for (let i = 0; i < 500 && total() < goal; i++) await pause(10);
}

async function accessFor(site: BrokerSite, edges: readonly LoadEdge[]): Promise<AccessDocument> {
  const secretHash = hashSecret('load');
  return {
    version: 1,
    community: site.config.community.id,
    principals: edges.map(({ id }) => ({ user: id, role: 'edge', secretHash, enabled: true })),
  };
}

it(`loses and doubles nothing that it acknowledged over ${KILLS} kills with SIGKILL under load`, async () => {
  using site = newBrokerSite();
  const edges = [new LoadEdge('load'), new LoadEdge('load'), new LoadEdge('load')];
  let broker = await startBrokerProcess(site);
  await putAccess(site, broker, await accessFor(site, edges));
  for (let kill = 0; kill < KILLS; kill++) {
    const runs = edges.map((edge) => edge.run(site, broker, AbortSignal.timeout(120_000)));
    await someMore(edges, 50 + Math.random() * 1500);
    await broker.stop('SIGKILL');
    await Promise.all(runs);
    broker = await startBrokerProcess(site);
  }
  const entries = await readWholeLog(site, broker);
  const acked = edges.reduce((sum, edge) => sum + edge.acked.size, 0);
  const lost = edges.flatMap((edge) => {
    const held = new Map(entries.filter((entry) => entry.edge === edge.id).map((entry) => [entry.seq, entry]));
    return [...edge.acked].filter(([seq, hash]) => held.get(seq)?.hash !== hash);
  });
  const keys = new Set(entries.map((entry) => `${entry.edge} ${entry.epoch} ${entry.seq}`));
  const changed = entries.filter((entry) => createHash('sha256').update(entry.body).digest('hex') !== entry.hash);
  process.stdout.write(
    `${KILLS} kills: ${acked} acknowledged, ${lost.length} lost, ${entries.length - keys.size} doubled\n`,
  );
  expect([lost.length, entries.length - keys.size, changed.length]).toEqual([0, 0, 0]);
  expect(acked).toBeGreaterThan(KILLS * 50);
  const { marks, deadLetters } = await getJson<BrokerStatus>(site, broker, '/status');
  for (const edge of edges) {
    const seqs = new Set(entries.filter((entry) => entry.edge === edge.id).map((entry) => entry.seq));
    let prefix = 0;
    while (seqs.has(prefix + 1)) prefix += 1;
    expect(marks.find((mark) => mark.edge === edge.id)?.seq).toBe(prefix);
  }
  expect(deadLetters).toBe(0);
  for (const edge of edges) {
    const query = { edge: edge.id, device: 'meter', point: 'importedWh', toMs: String(Date.now()) };
    const pages = await readSeries((path) => getJson<SeriesRange>(site, broker, path), query);
    const values = pages.flatMap((page) => page.values);
    const logged = entries.filter((entry) => entry.edge === edge.id).map((entry) => entry.seq / 8);
    expect(values).toEqual(logged.sort((a, b) => a - b));
  }
  await broker.stop();
  expect(foundBy(await auditLogOnce(join(site.dir, 'data', 'telemetry.db')))).toEqual([]);
});

it('acknowledges nothing while the disk is full, survives, and goes on when there is room', async () => {
  using site = newBrokerSite();
  const edge = new LoadEdge('load');
  // The kernel refuses to let any file of the broker grow beyond this: what SQLite sees is a failed write.
  const broker = await startBrokerProcess(site, ['/usr/bin/prlimit', '--fsize=600000:unlimited', '--']);
  await putAccess(site, broker, await accessFor(site, [edge]));
  const isWritable = async () => (await fetch(`${broker.logUrl}/healthz`)).status === 200;
  for (let i = 0; i < 200 && (await isWritable()); i++) await edge.run(site, broker, AbortSignal.timeout(300));
  expect(await isWritable()).toBe(false);
  // A smaller batch may still find room below the bound; now there is none at all, not even inside the files.
  execFileSync('/usr/bin/prlimit', ['--pid', String(broker.pid), '--fsize=1:unlimited']);
  const ackedWhenFull = edge.acked.size;
  await edge.run(site, broker, AbortSignal.timeout(500));
  expect(edge.acked.size).toBe(ackedWhenFull);
  execFileSync('/usr/bin/prlimit', ['--pid', String(broker.pid), '--fsize=unlimited:unlimited']);
  await edge.run(site, broker, AbortSignal.timeout(1000));
  expect(edge.acked.size).toBeGreaterThan(ackedWhenFull);
  expect(await isWritable()).toBe(true);
  const entries = await readWholeLog(site, broker);
  const held = new Map(entries.map((entry) => [entry.seq, entry.hash]));
  expect([...edge.acked].filter(([seq, hash]) => held.get(seq) !== hash)).toEqual([]);
  await broker.stop();
  expect(foundBy(await auditLogOnce(join(site.dir, 'data', 'telemetry.db')))).toEqual([]);
});
