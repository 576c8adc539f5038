/** Entry point: `node demo/world-main.ts --site DIR` simulates the devices of a demo site and tells its time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CodedError, isCoded, parseSiteConfig } from '@commonworks/core';
import { pino } from 'pino';
import { parse } from 'yaml';
import { runWorld } from './run-world.ts';
import { AGENT_NAMES } from './site/edge-files.ts';
import { readDemoConfig } from './site/prepare-demo-site.ts';
import { loadWorld, saveWorld } from './world-state.ts';

const log = pino({ base: { name: 'world' } });
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { site: { type: 'string' } } });
  if (values.site === undefined) throw new CodedError('demo.config-invalid', 'no --site DIR was given');
  const dir = values.site;
  const site = parseSiteConfig(parse(readFileSync(join(dir, 'site.yaml'), 'utf8')));
  if (site.demo === undefined) throw new CodedError('demo.config-invalid', `${dir} is not a demo site`);
  const config = readDemoConfig(dir);
  const stateFile = join(dir, 'data', 'world.json');
  await runWorld({
    ...site.demo,
    ...{ zone: site.community.zone, config, log, signal: stop.signal },
    drivers: Object.values(AGENT_NAMES),
    saved: loadWorld(stateFile, site.demo.seed),
    save: (snapshot) => saveWorld(stateFile, snapshot),
    onReady: (ports) => log.info(ports, 'ready'),
  });
}

try {
  await run();
  process.exit(0);
} catch (error) {
  const isPortTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  const coded = isPortTaken ? new CodedError('demo.port-taken', String((error as Error).message)) : error;
  const known = isCoded(coded) ? { code: coded.code, remedy: coded.remedy } : { err: coded };
  log.fatal(known, String((coded as Error).message));
  process.exit(1);
}
