/** What the flows need of a site: its addresses and its service token. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SiteConfig } from '@commonworks/core';
import { CodedError, parseSiteConfig } from '@commonworks/core';
import { parseDocument } from 'yaml';

export type FlowsSite = {
  readonly community: string;
  readonly token: string;
  readonly keysDir: string;
  readonly userDir: string;
  readonly mqttUrl: string;
  readonly webUrl: string;
  /** Its devices bear the names that the example flow uses. */
  readonly isDemo: boolean;
};

/** Addresses given win over the site's own: in containers each process has a host of its own. */
export async function readFlowsSite(
  dir: string,
  given: { mqttUrl?: string | undefined; webUrl?: string | undefined },
): Promise<FlowsSite> {
  const config = await readConfig(join(dir, 'site.yaml'));
  const keysDir = join(dir, 'keys');
  const token = await readFile(join(keysDir, 'service.token'), 'utf8').catch((cause: unknown) => {
    throw new CodedError('flows.token-missing', `there is no readable service.token in ${keysDir}`, { cause });
  });
  const { host, mqttPort, webPort } = config.listen;
  return {
    community: config.community.id,
    token: token.trim(),
    keysDir,
    userDir: join(dir, 'flows'),
    mqttUrl: given.mqttUrl ?? `mqtt://${reachable(host)}:${mqttPort}`,
    webUrl: given.webUrl ?? `http://${reachable(host)}:${webPort}`,
    isDemo: config.demo !== undefined,
  };
}

async function readConfig(file: string): Promise<SiteConfig> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CodedError('site.not-found', `there is no readable ${file}`, { cause });
  });
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) throw new CodedError('site.yaml-malformed', `${file}: ${fault.message}`, { cause: fault });
  return parseSiteConfig(document.toJS());
}

/** A server that listens everywhere is reached on this machine. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
