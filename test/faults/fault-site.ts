/** A real site, not a demo, whose hub and agents are computers of their own: each with its clock, its boot and its power switch. */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SiteConfig, uuidV7 } from '@commonworks/core';
import type { Seed } from '@commonworks/core/seed.ts';
import { stringify } from 'yaml';
import { hashSecret } from '../../broker/access/secret-hash.ts';
import { choosePorts } from '../../cli/site/choose-ports.ts';
import { createSite } from '../../cli/site/create-site.ts';
import { publicUrl } from '../../cli/site/read-site.ts';
import { createFaultProcess, type FaultProcess } from './fault-process.ts';
import { compileOwnClock, createOwnClock, type OwnClock } from './own-clock.ts';

export type Computer = { readonly clock: OwnClock; readonly processes: readonly FaultProcess[] };

export type FaultSite = {
  readonly dir: string;
  readonly config: SiteConfig;
  readonly url: string;
  readonly logUrl: string;
  readonly adminToken: string;
  readonly serviceToken: string;
  readonly broker: FaultProcess;
  readonly community: FaultProcess;
  /** The computer that broker and community run on. */
  readonly hub: Computer;
  /** By name, with the id and secret that the seed gave them. */
  readonly edges: ReadonlyMap<string, SiteEdge>;
  readonly newId: () => string;
  /** The keyed hash under which a card is known. */
  readonly badgeOf: (uid: string) => string;
  /** Makes an agent's computer; its configuration is completed with who it is and where its hub is. */
  readonly addAgent: (name: string, config: Readonly<Record<string, unknown>>) => Agent;
  /** GET from the broker's log API. */
  readonly log: <T>(path: string) => Promise<T>;
  [Symbol.asyncDispose](): Promise<void>;
};

export type SiteEdge = { readonly id: string; readonly secret: string };
export type Agent = Computer & { readonly process: FaultProcess; readonly outboxFile: string };

type SeedContext = Pick<FaultSite, 'edges' | 'newId' | 'badgeOf'>;

export type FaultSiteOptions = {
  readonly edges: readonly string[];
  readonly seed: (context: SeedContext) => Omit<Seed, 'edges'>;
};

export async function openFaultSite(options: FaultSiteOptions): Promise<FaultSite> {
  const parent = mkdtempSync(join(tmpdir(), 'commonworks-faults-'));
  const dir = join(parent, 'site');
  const { config, adminToken } = await newSite(dir);
  const newId = () => uuidV7(Date.now(), randomBytes(10));
  const badgeKey = Buffer.from(readFileSync(join(dir, 'keys', 'badge.key'), 'utf8').trim(), 'hex');
  const badgeOf = (uid: string) => createHmac('sha256', badgeKey).update(Buffer.from(uid, 'hex')).digest('hex');
  const edges = new Map(
    options.edges.map((name) => [name, { id: newId(), secret: randomBytes(32).toString('base64url') }]),
  );
  const seedEdges = [...edges].map(([name, { id, secret }]) => ({ id, name, secretHash: hashSecret(secret) }));
  const seed = { ...options.seed({ edges, newId, badgeOf }), edges: seedEdges };
  writeFileSync(join(dir, 'seed.yaml'), stringify(seed), { mode: 0o600 });
  const serviceToken = readFileSync(join(dir, 'keys', 'service.token'), 'utf8').trim();
  const library = compileOwnClock(parent);
  const computers: OwnClock[] = [];
  const newComputer = (name: string) => {
    const folder = join(parent, name);
    mkdirSync(folder);
    const clock = createOwnClock(folder, library);
    computers.push(clock);
    return clock;
  };
  const processes: FaultProcess[] = [];
  const add = (spec: Parameters<typeof createFaultProcess>[0]) => {
    const made = createFaultProcess(spec);
    processes.push(made);
    return made;
  };
  const hubClock = newComputer('hub');
  const ofHub = (name: string) => add({ name, entry: `${name}/main.ts`, args: ['--site', dir], env: hubClock.env });
  const [broker, community] = [ofHub('broker'), ofHub('community')];
  const logUrl = `http://127.0.0.1:${config.listen.logPort}`;
  return {
    ...{ dir, config, url: publicUrl(config.listen), logUrl, adminToken, serviceToken, broker, community },
    hub: { clock: hubClock, processes: [broker, community] },
    ...{ edges, newId, badgeOf },
    addAgent: (name, agentConfig) => {
      const clock = newComputer(name);
      const file = writeAgent({ dir, name, config }, { edge: edges.get(name), agentConfig });
      const process = add({
        ...{ name: `edge ${name}`, entry: 'edge/main.ts', args: ['--config', file], env: clock.env },
        isBooted: true,
      });
      return { clock, process, processes: [process], outboxFile: join(dir, 'edges', `${name}.outbox.db`) };
    },
    log: async <T>(path: string) => {
      const response = await fetch(`${logUrl}${path}`, { headers: { authorization: `Bearer ${serviceToken}` } });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    async [Symbol.asyncDispose]() {
      for (const process of processes.toReversed()) await process.stop();
      for (const clock of computers) clock.close();
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

async function newSite(dir: string) {
  const none = { webPort: 0, mqttPort: 0, mqttWsPort: 0, logPort: 0 };
  return createSite(dir, {
    ...{ name: 'Testhof', zone: 'Europe/Vienna', currency: 'EUR', locale: 'en', nowMs: Date.now() },
    listen: { host: '127.0.0.1', ...(await choosePorts('127.0.0.1', none)) },
  });
}

function writeAgent(
  at: { dir: string; name: string; config: SiteConfig },
  agent: { edge: SiteEdge | undefined; agentConfig: Readonly<Record<string, unknown>> },
): string {
  const { dir, name, config } = at;
  const { edge } = agent;
  if (edge === undefined) throw new Error(`the site was made without an edge ${name}`);
  const folder = join(dir, 'edges');
  writeFileSync(join(folder, `${name}.secret`), edge.secret, { mode: 0o600 });
  const file = join(folder, `${name}.yaml`);
  const whole = {
    ...{ community: config.community.id, edge: edge.id, name, secretFile: `${name}.secret` },
    brokerUrl: `mqtt://127.0.0.1:${config.listen.mqttPort}`,
    ...{ communityKeyFile: '../keys/community.pub.pem', outboxFile: `${name}.outbox.db` },
    ...agent.agentConfig,
  };
  writeFileSync(file, stringify(whole));
  return file;
}
