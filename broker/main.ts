/** Entry point: `node broker/main.ts --site DIR`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openHubTime } from '@commonworks/clock/hub-time.ts';
import { keepChip } from '@commonworks/clock/keep-hub-time.ts';
import { CodedError, hubTimeKind, isCoded, parseSiteConfig, type SiteConfig } from '@commonworks/core';
import { type Projection, readTargetSecret, startProjection } from '@commonworks/telemetry/influx/index.ts';
import { pino } from 'pino';
import { parse } from 'yaml';
import { openBroker } from './broker.ts';

const log = pino({ name: 'broker', base: null, formatters: { level: (label) => ({ level: label }) } });
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
process.on('SIGINT', () => stop.abort());

function readSite(dir: string): { config: SiteConfig; serviceToken: string } {
  try {
    const config = parseSiteConfig(parse(readFileSync(join(dir, 'site.yaml'), 'utf8')));
    return { config, serviceToken: readFileSync(join(dir, 'keys', 'service.token'), 'utf8').trim() };
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('broker.config-invalid', `${dir} cannot be read as a site: ${String(cause)}`, { cause });
  }
}

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { site: { type: 'string' } } });
  if (values.site === undefined) throw new CodedError('broker.config-invalid', 'no --site DIR was given');
  const dir = values.site;
  const { config, serviceToken } = readSite(dir);
  const { signal } = stop;
  // The machine's own clock, also in a demo: it judges the devices' times, and a demo is never ahead of it.
  const data = join(dir, 'data');
  const hub = await openHubTime({ kind: hubTimeKind(config), dir: data, signal });
  void keepChip(data, hub, { signal });
  const started: { projection?: Projection } = {};
  await using broker = await openBroker({
    community: config.community.id,
    telemetryFile: join(dir, 'data', 'telemetry.db'),
    brokerFile: join(dir, 'data', 'broker.db'),
    ...{ serviceToken, listen: config.listen, commitMs: config.commitMs, now: hub.now, hub, log },
    projections: () => started.projection?.status() ?? [],
  });
  const projection = startProjection({
    ...{ community: config.community.id, targets: config.influx ?? [], now: hub.now, log, signal },
    readLog: broker.readLog,
    cursors: broker.cursors,
    readSecret: (name) => readTargetSecret(name, { keysDir: join(dir, 'keys'), env: process.env }),
  });
  started.projection = projection;
  log.info({ ...broker.addresses, host: config.listen.host }, 'ready');
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  if (!signal.aborted) await Promise.race([stopped, broker.died]);
  await projection.done;
}

try {
  await run();
  process.exit(0);
} catch (error) {
  const code = isCoded(error) ? error.code : undefined;
  log.fatal({ code, remedy: isCoded(error) ? error.remedy : undefined, err: String(error) }, 'the broker ends');
  process.exit(1);
}
