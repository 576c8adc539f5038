/** The flows process: Node-RED with our two nodes, for one site. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openClock } from '@commonworks/clock';
import { isCoded } from '@commonworks/core';
import { pino } from 'pino';
import { askForCommandAt } from './ask-for-command.ts';
import { flowServices } from './flow-services.ts';
import { LiveReadings } from './live-readings.ts';
import { readOrMakeSecret } from './secret-file.ts';
import { readFlowsSite } from './site.ts';
import { startFlows } from './start-flows.ts';

const STOP_MS = 4000;
const log = pino({ base: { name: 'flows' }, formatters: { level: (label) => ({ level: label }) } });
const stopping = new AbortController();

try {
  const { values } = parseArgs({
    options: {
      site: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '1880' },
      mqtt: { type: 'string' },
      web: { type: 'string' },
    },
  });
  await run(values);
} catch (error) {
  const fields = isCoded(error) ? { code: error.code, remedy: error.remedy } : { err: error };
  log.fatal(fields, error instanceof Error ? error.message : String(error));
  process.exit(1);
}

type Arguments = { site?: string; host: string; port: string; mqtt?: string; web?: string };

async function run({ site: dir, host, port, mqtt, web }: Arguments): Promise<void> {
  if (dir === undefined) throw new Error('usage: node flows/main.ts --site DIR [--host 127.0.0.1] [--port 1880]');
  const site = await readFlowsSite(dir, { mqttUrl: mqtt, webUrl: web });
  const passwordFile = join(site.keysDir, 'flows.admin');
  const admin = await readOrMakeSecret(passwordFile);
  const credentials = await readOrMakeSecret(join(site.keysDir, 'flows.secret'));
  const clock = await openClock({ address: process.env['COMMONWORKS_CLOCK'], signal: stopping.signal, name: 'flows' });
  const readings = new LiveReadings({
    url: site.mqttUrl,
    user: 'service',
    password: site.token,
    clientId: `service-flows-${process.pid}`,
    community: site.community,
    now: clock.now,
  });
  const services = flowServices({ readings, ask: askForCommandAt(site.webUrl, site.token), now: clock.now });
  const flows = await startFlows({
    userDir: site.userDir,
    isExampleOn: site.isDemo,
    host,
    port: Number(port),
    adminPassword: admin.secret,
    credentialSecret: credentials.secret,
    services,
    log,
  });
  const stop = async () => {
    stopping.abort();
    // Node-RED leaves handles of its nodes open: the process ends by exit, and in time.
    setTimeout(() => process.exit(0), STOP_MS).unref();
    await flows.stop();
    await readings.close();
    clock.close();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  log.info({ url: flows.url, user: 'admin', passwordFile, isNewPassword: admin.isNew }, 'ready');
}
