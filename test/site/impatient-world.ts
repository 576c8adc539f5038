/** The demo's world as `demo/world-main.ts` runs it, but one that waits for an agent for three quarters of a minute, not for fifteen. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseSiteConfig } from '@commonworks/core';
import { runWorld } from '@commonworks/demo/run-world.ts';
import { AGENT_NAMES } from '@commonworks/demo/site/edge-files.ts';
import { readDemoConfig } from '@commonworks/demo/site/prepare-demo-site.ts';
import { loadWorld, saveWorld } from '@commonworks/demo/world-state.ts';
import { pino } from 'pino';
import { parse } from 'yaml';

const log = pino({ base: { name: 'world' } });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const { site: dir = '' } = parseArgs({ options: { site: { type: 'string' } } }).values;
const { demo, community } = parseSiteConfig(parse(readFileSync(join(dir, 'site.yaml'), 'utf8')));
if (demo === undefined) throw new Error(`${dir} is not a demo site`);
const file = join(dir, 'data', 'world.json');
await runWorld({
  ...demo,
  ...{ zone: community.zone, config: readDemoConfig(dir), log, signal: stop.signal },
  drivers: Object.values(AGENT_NAMES),
  saved: loadWorld(file, demo.seed),
  save: (snapshot) => saveWorld(file, snapshot),
  waits: { patienceMs: 45_000, tellEveryMs: 1000 },
  onReady: (ports) => log.info(ports, 'ready'),
});
process.exit(0);
