/** Turns a new site into the demo's: wires, agents, people and their log-ins; written once, then left alone. */
import { createHmac, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSiteConfig, type SiteConfig, uuidV7 } from '@commonworks/core';
import { parse, stringify } from 'yaml';
import { MAKERS } from '../world/workshop-plan.ts';
import { DEMO_WIRES, type DemoConfig, parseDemoConfig, wireAddress } from './demo-config.ts';
import { type DemoEdge, edgeFile } from './edge-files.ts';
import { freePorts } from './free-ports.ts';
import { PEOPLE } from './people.ts';
import { demoSeed } from './seed-file.ts';

/** Cost of the agents' secret hashes: 256 random bits need no stretching. */
const COST = { N: 1024, r: 8, p: 1 } as const;

/** Idempotent: a prepared site keeps its ports, people and passwords. The site must have been made with a demo section. */
export async function prepareDemoSite(dir: string): Promise<{ clockAddress: string }> {
  const demoFile = join(dir, 'demo.yaml');
  if (!existsSync(demoFile)) await writeDemo(dir, demoFile);
  return { clockAddress: wireAddress(readDemoConfig(dir), 'clock') };
}

/** @throws CodedError `demo.config-invalid` */
export function readDemoConfig(dir: string): DemoConfig {
  return parseDemoConfig(parse(readFileSync(join(dir, 'demo.yaml'), 'utf8')));
}

async function writeDemo(dir: string, demoFile: string): Promise<void> {
  const site = parseSiteConfig(parse(readFileSync(join(dir, 'site.yaml'), 'utf8')));
  const nowMs = Date.now();
  const config = await newDemoConfig();
  const newId = (): string => uuidV7(nowMs, randomBytes(10));
  const edges = (['roof', 'workshop'] as const).map((name) => writeEdge(dir, { name, id: newId() }, { site, config }));
  const badgeKey = Buffer.from(readFileSync(join(dir, 'keys', 'badge.key'), 'utf8').trim(), 'hex');
  const badgeOf = (maker: string): string =>
    createHmac('sha256', badgeKey)
      .update(Buffer.from(config.cards[maker] ?? '', 'hex'))
      .digest('hex');
  writeFileSync(join(dir, 'seed.yaml'), stringify(demoSeed({ site, nowMs, edges, badgeOf, newId })), { mode: 0o600 });
  writeLogins(join(dir, 'demo-logins.json'));
  // Last: its presence says that the rest is complete.
  writeFileSync(demoFile, stringify(config), { mode: 0o600 });
}

async function newDemoConfig(): Promise<DemoConfig> {
  const free = await freePorts(DEMO_WIRES.length);
  const ports = Object.fromEntries(DEMO_WIRES.map((wire, i) => [wire, free[i] ?? 0])) as DemoConfig['ports'];
  const cards = Object.fromEntries(MAKERS.map((maker) => [maker, randomBytes(4).toString('hex').toUpperCase()]));
  return { ports, cards };
}

/** Writes the agent's file and its secret; the community learns the secret's hash. */
function writeEdge(
  dir: string,
  edge: DemoEdge,
  options: { site: SiteConfig; config: DemoConfig },
): DemoEdge & { secretHash: string } {
  const { listen, community } = options.site;
  const host = listen.host === '0.0.0.0' || listen.host === '::' ? '127.0.0.1' : listen.host;
  const brokerUrl = `mqtt://${host}:${listen.mqttPort}`;
  const file = edgeFile({ edge, community: community.id, brokerUrl, config: options.config });
  writeFileSync(join(dir, 'edges', `${edge.name}.yaml`), stringify(file));
  const secret = randomBytes(32).toString('base64url');
  writeFileSync(join(dir, 'edges', `${edge.name}.secret`), secret, { mode: 0o600 });
  const salt = randomBytes(16);
  const hash = scryptSync(secret, salt, 32, COST);
  const encoded = [salt, hash].map((bytes) => bytes.toString('base64url')).join('$');
  return { ...edge, secretHash: `scrypt$${COST.N}$${COST.r}$${COST.p}$${encoded}` };
}

function writeLogins(file: string): void {
  const logins = PEOPLE.flatMap(({ name, email, roles }) =>
    email === null ? [] : [{ name, email, roles, password: randomBytes(9).toString('base64url') }],
  );
  writeFileSync(file, `${JSON.stringify({ logins }, null, 2)}\n`, { mode: 0o600 });
}
