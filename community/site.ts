/** What this process reads from the site's folder: configuration, keys, seed; and where its peers are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, parseSiteConfig, type SiteConfig } from '@commonworks/core';
import { parseSeed, type Seed } from '@commonworks/core/seed.ts';
import { parse } from 'yaml';

export type CommunitySite = {
  readonly config: SiteConfig;
  readonly dataDir: string;
  readonly communityFile: string;
  readonly authFile: string;
  readonly demoLoginsFile: string;
  readonly adminTokenFile: string;
  readonly seed: Seed | null;
  readonly serviceToken: string;
  readonly authSecret: string;
  /** PKCS8 PEM. */
  readonly signingKey: string;
  /** What members type, without a slash at the end. */
  readonly publicUrl: string;
};

/** @throws CodedError `site.config-invalid`, `community.seed-invalid`, or `site.not-found` naming the file. */
export function readCommunitySite(dir: string): CommunitySite {
  const config = parseSiteConfig(parse(read(join(dir, 'site.yaml'))));
  const key = (name: string) => read(join(dir, 'keys', name)).trim();
  const seedFile = join(dir, 'seed.yaml');
  return {
    config,
    dataDir: join(dir, 'data'),
    communityFile: join(dir, 'data', 'community.db'),
    authFile: join(dir, 'data', 'auth.db'),
    demoLoginsFile: join(dir, 'demo-logins.json'),
    adminTokenFile: join(dir, 'keys', 'admin.token'),
    seed: existsSync(seedFile) ? parseSeed(parse(read(seedFile))) : null,
    serviceToken: key('service.token'),
    authSecret: key('auth.secret'),
    signingKey: key('community.key.pem'),
    publicUrl: publicUrl(config.listen),
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CodedError('site.not-found', `cannot read ${file}`, { cause });
  }
}

function publicUrl({ host, webPort, publicUrl: given }: SiteConfig['listen']): string {
  return (given ?? `http://${reachable(host)}:${webPort}`).replace(/\/+$/, '');
}

/** Where the broker is: on this machine, unless the environment says otherwise (containers). */
export function peerUrls(
  { host, logPort, mqttPort }: SiteConfig['listen'],
  env: Readonly<Record<string, string | undefined>>,
): { log: string; mqtt: string } {
  return {
    log: env['COMMONWORKS_LOG_URL'] ?? `http://${reachable(host)}:${logPort}`,
    mqtt: env['COMMONWORKS_MQTT_URL'] ?? `mqtt://${reachable(host)}:${mqttPort}`,
  };
}

/** An address to listen on everywhere is none to connect to. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
