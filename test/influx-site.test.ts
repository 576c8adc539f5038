/** From an edge's pack to InfluxDB through the broker process, also across a kill of the broker. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrokerStatus, LogPage } from '@commonworks/core';
import { decodePack } from '@commonworks/core';
import { queryInfluxql } from '@commonworks/telemetry/influx/read-influxql.ts';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { hashSecret } from '../broker/access/secret-hash.ts';
import { LoadEdge } from './broker/load.ts';
import type { BrokerProcess, BrokerSite } from './peers/broker-process.ts';
import { getJson, newBrokerSite, putAccess, startBrokerProcess } from './peers/broker-process.ts';
import { startInfluxdb } from './peers/influxdb.ts';

const PACKS = 400;

it('everything acknowledged reaches InfluxDB, each reading once, although the broker is killed on the way', async () => {
  await using influx = await startInfluxdb();
  using site = newBrokerSite();
  const target = { name: 'main', api: 'v1', url: influx.url, database: 'energy' };
  writeFileSync(join(site.dir, 'site.yaml'), stringify({ ...site.config, influx: [target] }));
  const edge = new LoadEdge('s');
  let broker = await startBrokerProcess(site);
  try {
    const principal = { user: edge.id, role: 'edge', secretHash: hashSecret('s'), enabled: true };
    await putAccess(site, broker, { version: 1, community: site.config.community.id, principals: [principal] });
    await publish(edge, site, broker);
    await broker.stop('SIGKILL');
    broker = await startBrokerProcess(site);
    await publish(edge, site, broker);
    const status = () => getJson<BrokerStatus>(site, broker, '/status');
    await expect
      .poll(
        async () => {
          const { head, projections } = await status();
          return projections[0]?.cursor === head && projections[0].state === 'caught-up';
        },
        { timeout: 60_000, interval: 50 },
      )
      .toBe(true);
    expect((await status()).projections[0]).toMatchObject({ name: 'main', pointsRefused: 0, trouble: null, lagMs: 0 });
    const stored = await countAll(influx.url);
    expect(stored).toBe(await countLogged(site, broker));
    expect(stored).toBeGreaterThanOrEqual(edge.acked.size);
  } finally {
    await broker.stop();
  }
});

/** Until so many more are acknowledged. */
async function publish(edge: LoadEdge, site: BrokerSite, broker: BrokerProcess): Promise<void> {
  const stop = new AbortController();
  const wanted = edge.acked.size + PACKS;
  const running = edge.run(site, broker, stop.signal);
  await expect.poll(() => edge.acked.size, { timeout: 60_000, interval: 10 }).toBeGreaterThanOrEqual(wanted);
  stop.abort();
  await running;
}

async function countAll(url: string): Promise<number> {
  const source = { url, database: 'energy', timeoutMs: 10_000 };
  const series = await queryInfluxql(source, 'SELECT count("quality") FROM /.*/');
  return series.reduce((sum, one) => sum + Number(one.values[0]?.[1] ?? 0), 0);
}

/** Distinct readings in the log, read by its HTTP API. */
async function countLogged(site: BrokerSite, broker: BrokerProcess): Promise<number> {
  const keys = new Set<string>();
  for (let after = 0; ; ) {
    const page = await getJson<LogPage>(site, broker, `/log?after=${after}&limit=500`);
    for (const entry of page.entries) {
      for (const { device, point, timeMs } of decodePack(entry.body).pack.samples) {
        keys.add(`${entry.edge}/${device}/${point}@${timeMs}`);
      }
    }
    if (page.entries.length === 0) return keys.size;
    after = page.next;
  }
}
