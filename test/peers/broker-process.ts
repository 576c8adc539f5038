/** The broker as its own process on a site directory, so that it can be killed, starved of disk, and started again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SiteConfig } from '@commonworks/core';
import { stringify } from 'yaml';
import { createSite } from '../../cli/site/create-site.ts';
import { type PeerProcess, startPeer } from './process.ts';

export type BrokerSite = {
  readonly dir: string;
  readonly config: SiteConfig;
  readonly token: string;
  /** Makes the first admin, once. */
  readonly adminToken: string;
  [Symbol.dispose](): void;
};

export type BrokerProcess = PeerProcess & {
  readonly mqttPort: number;
  readonly mqttWsPort: number;
  readonly logUrl: string;
};

export function newBrokerSite(): BrokerSite {
  const parent = mkdtempSync(join(tmpdir(), 'commonworks-broker-'));
  const dir = join(parent, 'site');
  const listen = { host: '127.0.0.1', webPort: 0, mqttPort: 0, mqttWsPort: 0, logPort: 0 };
  const { config, adminToken } = createSite(dir, {
    name: 'Testhof',
    zone: 'Europe/Vienna',
    currency: 'EUR',
    locale: 'en',
    listen,
    nowMs: Date.now(),
  });
  writeFileSync(join(dir, 'site.yaml'), stringify(config));
  const token = readFileSync(join(dir, 'keys', 'service.token'), 'utf8').trim();
  return { dir, config, token, adminToken, [Symbol.dispose]: () => rmSync(parent, { recursive: true, force: true }) };
}

/** `prefix`: a program and its arguments that run the command after them, such as prlimit. */
export async function startBrokerProcess(site: BrokerSite, prefix: readonly string[] = []): Promise<BrokerProcess> {
  const entry = new URL('../../broker/main.ts', import.meta.url).pathname;
  const command = [...prefix, process.execPath, entry, '--site', site.dir];
  const [program = '', ...args] = command;
  const peer = await startPeer(program, args, { ready: /(\{[^\n]*"msg":"ready"[^\n]*\})/, package: 'util-linux' });
  const ready = JSON.parse(peer.found) as { mqttPort: number; mqttWsPort: number; logPort: number };
  return { ...peer, ...ready, logUrl: `http://127.0.0.1:${ready.logPort}` };
}

export async function getJson<T>(site: BrokerSite, broker: BrokerProcess, path: string): Promise<T> {
  const response = await fetch(`${broker.logUrl}${path}`, { headers: { authorization: `Bearer ${site.token}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

export async function putAccess(site: BrokerSite, broker: BrokerProcess, document: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${site.token}`, 'content-type': 'application/json' };
  const response = await fetch(`${broker.logUrl}/access`, { method: 'PUT', headers, body: JSON.stringify(document) });
  if (!response.ok) throw new Error(`PUT /access: ${response.status} ${await response.text()}`);
}
