/** Chooses the ports of a new site: the usual ones where they are free, else any. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The ports of a site when nobody else uses them. */
export const USUAL_PORTS = { webPort: 8880, mqttPort: 1883, mqttWsPort: 8883, logPort: 8881 } as const;

export type SitePorts = { [name in keyof typeof USUAL_PORTS]: number };

/** `wanted` overrides the usual port; a taken port is replaced by a free one. */
export async function choosePorts(host: string, wanted: Partial<SitePorts> = {}): Promise<SitePorts> {
  const chosen = { ...USUAL_PORTS, ...wanted };
  return {
    webPort: await freePort(host, chosen.webPort),
    mqttPort: await freePort(host, chosen.mqttPort),
    mqttWsPort: await freePort(host, chosen.mqttWsPort),
    logPort: await freePort(host, chosen.logPort),
  };
}

async function freePort(host: string, port: number): Promise<number> {
  return (await tryListen(host, port)) ?? (await tryListen(host, 0)) ?? port;
}

/** The port that could be bound (for 0: the one the system chose), or null. */
async function tryListen(host: string, port: number): Promise<number | null> {
  const server = createServer();
  try {
    const failed = once(server, 'error').then(() => false);
    const listening = once(server, 'listening').then(() => true);
    server.listen(port, host);
    if (!(await Promise.race([listening, failed]))) return null;
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : null;
  } finally {
    server.close();
  }
}
