/** Entry point: `node community/main.ts --site DIR`. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openClock } from '@commonworks/clock';
import { openHubTime } from '@commonworks/clock/hub-time.ts';
import { CodedError, hubTimeKind, isCoded } from '@commonworks/core';
import { pino } from 'pino';
import { runCommunity } from './community.ts';
import { peerUrls, readCommunitySite } from './site.ts';

const DASHBOARD = fileURLToPath(new URL('../dashboard/dist', import.meta.url));

const log = pino({ base: { name: 'community' }, formatters: { level: (label) => ({ level: label }) } });
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
process.on('SIGINT', () => stop.abort());

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { site: { type: 'string' } } });
  if (values.site === undefined) throw new CodedError('site.not-found', 'no --site DIR was given');
  const site = readCommunitySite(values.site);
  const clockAddress = process.env['COMMONWORKS_CLOCK'];
  const { signal } = stop;
  const hub = await openHubTime({ kind: hubTimeKind(site.config), dir: site.dataDir, signal });
  const clock = await openClock({ address: clockAddress, signal, name: 'community', now: hub.now });
  await runCommunity({
    ...{ site, clock, hub, clockAddress, log, signal, dashboardDir: DASHBOARD },
    peers: peerUrls(site.config.listen, process.env),
    onReady: ({ host, webPort }) => log.info({ host, webPort, url: site.publicUrl }, 'ready'),
  });
}

try {
  await run();
  process.exit(0);
} catch (error) {
  // A coded error says itself what to do; of any other the stack is wanted.
  if (isCoded(error)) log.fatal({ code: error.code, remedy: error.remedy }, error.message);
  else log.fatal({ err: error }, 'the community server ends');
  process.exit(1);
}
