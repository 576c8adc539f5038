/** Makes a new, empty site: configuration, keys, and the token of the one-time admin link. */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { CodedError, type SiteConfig, uuidV7 } from '@commonworks/core';
import { stringify } from 'yaml';
import { siteFiles } from './site-files.ts';

export type NewSite = {
  readonly name: string;
  readonly zone: string;
  readonly currency: string;
  readonly locale: string;
  readonly listen: SiteConfig['listen'];
  readonly nowMs: number;
  readonly demo?: SiteConfig['demo'];
};

/** An admin link works once, within a week. */
const ADMIN_LINK_LIFE_MS = 7 * 86_400_000;

/**
 * Writes the site's files; `adminToken` is the secret of the first admin's link and is kept only as a hash.
 * @throws CodedError `site.exists` when the folder is not empty.
 */
export function createSite(dir: string, site: NewSite): { config: SiteConfig; adminToken: string } {
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    throw new CodedError('site.exists', `${dir} is not empty`);
  }
  const files = siteFiles(dir);
  for (const folder of [files.keys, files.data, files.edges]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const config: SiteConfig = {
    community: {
      id: uuidV7(site.nowMs, randomBytes(10)),
      name: site.name,
      zone: site.zone,
      currency: site.currency,
      locale: site.locale,
    },
    listen: site.listen,
    ...(site.demo === undefined ? {} : { demo: site.demo }),
  };
  writeKeys(dir);
  const adminToken = randomBytes(24).toString('base64url');
  const hash = createHash('sha256').update(adminToken).digest('hex');
  secret(files.adminToken, `${JSON.stringify({ sha256: hash, expiresMs: site.nowMs + ADMIN_LINK_LIFE_MS })}\n`);
  writeFileSync(files.config, `${CONFIG_HEAD}${stringify(config)}`);
  return { config, adminToken };
}

const CONFIG_HEAD = `# A Commonworks site. Every setting is explained in docs/site-config.md.
# After a change: restart the site.
`;

function writeKeys(dir: string): void {
  const files = siteFiles(dir);
  const pair = generateKeyPairSync('ed25519');
  secret(files.communityKey, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  writeFileSync(files.communityPublicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  secret(files.serviceToken, randomBytes(32).toString('base64url'));
  secret(files.badgeKey, randomBytes(32).toString('hex'));
  secret(files.authSecret, randomBytes(32).toString('base64url'));
}

/** Readable by the site's user alone. */
function secret(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
}
