/** Before the containers start: a site must be there, and know where InfluxDB is. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { prepareDemoSite } from '@commonworks/demo/site/prepare-demo-site.ts';
import { parseDocument } from 'yaml';
import { makeDemoSite } from '../site/make-demo-site.ts';
import { readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';

/** Within containers every address is reached from outside through published ports alone. */
const LISTEN = '0.0.0.0';

type Environment = Readonly<Record<string, string | undefined>>;

/** Makes the demo community in an empty folder; a site that is there already, demo or real, is kept as it is. */
export async function setUpSite(dir: string, env: Environment): Promise<'made' | 'kept'> {
  const isNew = !existsSync(siteFiles(dir).config);
  if (isNew) await makeDemoSite(dir, { listen: LISTEN, nowMs: Date.now() });
  addInfluxTarget(siteFiles(dir).config, env);
  if (readSite(dir).demo !== undefined) await prepareDemoSite(dir);
  return isNew ? 'made' : 'kept';
}

/** Only when site.yaml says nothing about InfluxDB: what an operator wrote there counts. */
function addInfluxTarget(file: string, env: Environment): void {
  const { COMMONWORKS_INFLUX_URL: url, COMMONWORKS_INFLUX_DATABASE: database, COMMONWORKS_INFLUX_ORG: org } = env;
  if (url === undefined || database === undefined || org === undefined) return;
  const document = parseDocument(readFileSync(file, 'utf8'));
  if (document.has('influx')) return;
  // The token itself stays in the environment of the broker's container.
  document.set('influx', [{ name: 'main', api: 'v2', url, database, org, tokenFile: 'COMMONWORKS_INFLUX_TOKEN' }]);
  writeFileSync(file, String(document));
}
