/** Where everything of a site lives; the one place that knows the file names. */
import { join } from 'node:path';

export type SiteFiles = {
  readonly dir: string;
  readonly config: string;
  readonly keys: string;
  readonly data: string;
  readonly edges: string;
  readonly serviceToken: string;
  readonly communityKey: string;
  readonly communityPublicKey: string;
  readonly badgeKey: string;
  readonly authSecret: string;
  readonly adminToken: string;
  readonly demoLogins: string;
};

export function siteFiles(dir: string): SiteFiles {
  const keys = join(dir, 'keys');
  return {
    dir,
    config: join(dir, 'site.yaml'),
    keys,
    data: join(dir, 'data'),
    edges: join(dir, 'edges'),
    serviceToken: join(keys, 'service.token'),
    communityKey: join(keys, 'community.key.pem'),
    communityPublicKey: join(keys, 'community.pub.pem'),
    badgeKey: join(keys, 'badge.key'),
    authSecret: join(keys, 'auth.secret'),
    adminToken: join(keys, 'admin.token'),
    demoLogins: join(dir, 'demo-logins.json'),
  };
}
