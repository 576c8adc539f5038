/** Chooses the ports of a new site: the usual ones where they are free, else others. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { CodedError } from '@commonworks/core';

/** The ports of a site when nobody else uses them. */
export const USUAL_PORTS = { webPort: 8880, mqttPort: 1883, mqttWsPort: 8883, logPort: 8881 } as const;

export type SitePorts = { [name in keyof typeof USUAL_PORTS]: number };

/** Below the range that Linux gives to outgoing connections, so that none of them takes a port while its server restarts. */
const OTHERS = { from: 20_000, to: 32_000 } as const;
const TRIES_MAX = 100;

/** `wanted` overrides the usual port; a taken port, and port 0, is replaced by another. */
export async function choosePorts(host: string, wanted: Partial<SitePorts> = {}): Promise<SitePorts> {
  const chosen = { ...USUAL_PORTS, ...wanted };
  const taken = new Set<number>();
  const choose = async (port: number): Promise<number> => {
    const free = await freePort(host, port, taken);
    taken.add(free);
    return free;
  };
  return {
    webPort: await choose(chosen.webPort),
    mqttPort: await choose(chosen.mqttPort),
    mqttWsPort: await choose(chosen.mqttWsPort),
    logPort: await choose(chosen.logPort),
  };
}

async function freePort(host: string, port: number, taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0, next = port; tries < TRIES_MAX; tries++) {
    if (next !== 0 && !taken.has(next) && (await canListen(host, next))) return next;
    next = OTHERS.from + Math.floor(Math.random() * (OTHERS.to - OTHERS.from));
  }
  throw new CodedError('site.no-free-port', `no port can be opened on ${host}`);
}

async function canListen(host: string, port: number): Promise<boolean> {
  const server = createServer();
  const failed = once(server, 'error').then(() => false);
  const listening = once(server, 'listening').then(() => true);
  server.listen(port, host);
  try {
    return await Promise.race([failed, listening]).catch(() => false);
  } finally {
    server.close();
  }
}
