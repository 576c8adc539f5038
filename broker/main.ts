/** Entry point: `node broker/main.ts --site DIR`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openClock } from '@commonworks/clock';
import { CodedError, isCoded, parseSiteConfig, type SiteConfig } from '@commonworks/core';
import { type Projection, readTargetSecret, startProjection } from '@commonworks/telemetry/influx/index.ts';
import { pino } from 'pino';
import { parse } from 'yaml';
import { openBroker } from './broker.ts';
import { TIME_WINDOW } from './ingest/place-samples.ts';

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
  const clock = await openClock({ address: process.env['COMMONWORKS_CLOCK'], signal, name: 'broker' });
  const { now } = clock;
  // A replaying world moves by days a second, and its word arrives late; but a demo is never ahead of real time.
  const futureMs = () => TIME_WINDOW.futureMs + Math.max(0, Date.now() - now());
  const started: { projection?: Projection } = {};
  await using broker = await openBroker({
    community: config.community.id,
    telemetryFile: join(dir, 'data', 'telemetry.db'),
    brokerFile: join(dir, 'data', 'broker.db'),
    ...{ serviceToken, listen: config.listen, commitMs: config.commitMs, now, futureMs, log },
    projections: () => started.projection?.status() ?? [],
  });
  const projection = startProjection({
    ...{ community: config.community.id, targets: config.influx ?? [], now, log, signal },
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
