/** The processes a container can be: how each is started, and how it shows that it is well. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readDemoConfig } from '@commonworks/demo/site/prepare-demo-site.ts';
import { readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';

export const PROCESS_NAMES = ['broker', 'community', 'world', 'flows', 'edge-roof', 'edge-workshop'] as const;
export type ProcessName = (typeof PROCESS_NAMES)[number];

export type ContainerProcess = { readonly entry: string; readonly args: readonly string[] };

const FLOWS_PORT = 1880;
const CHECK_MS = 5000;
/** An agent writes readings into its outbox at least once per interval. */
const OUTBOX_AGE_MAX_MS = 20 * 60_000;

export function containerProcess(name: ProcessName, dir: string): ContainerProcess {
  switch (name) {
    case 'broker':
    case 'community':
      return { entry: `${name}/main.ts`, args: ['--site', dir] };
    case 'world':
      return { entry: 'demo/world-main.ts', args: ['--site', dir] };
    case 'flows':
      return { entry: 'flows/main.ts', args: ['--site', dir, '--host', '0.0.0.0', '--port', String(FLOWS_PORT)] };
    case 'edge-roof':
    case 'edge-workshop':
      return { entry: 'edge/main.ts', args: ['--config', edgeFile(name, dir)] };
    default:
      return name satisfies never;
  }
}

/** The demo's clock, for every process but the world, which is the clock. */
export function clockAddress(name: ProcessName, dir: string): string | null {
  if (name === 'world' || readSite(dir).demo === undefined) return null;
  return `127.0.0.1:${readDemoConfig(dir).ports.clock}`;
}

export async function isWell(name: ProcessName, dir: string): Promise<boolean> {
  const { listen } = readSite(dir);
  switch (name) {
    case 'broker':
      return await answers(listen.logPort, '/healthz');
    case 'community':
      return await answers(listen.webPort, '/');
    case 'flows':
      return await answers(FLOWS_PORT, '/healthz');
    case 'world':
      return await accepts(readDemoConfig(dir).ports.clock);
    case 'edge-roof':
    case 'edge-workshop':
      return isOutboxFresh(edgeFile(name, dir));
    default:
      return name satisfies never;
  }
}

function edgeFile(name: 'edge-roof' | 'edge-workshop', dir: string): string {
  return join(siteFiles(dir).edges, `${name.slice('edge-'.length)}.yaml`);
}

async function answers(port: number, path: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(CHECK_MS) });
    return response.status < 500;
  } catch {
    return false;
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.setTimeout(CHECK_MS, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

/** The database and its write-ahead log stand beside the agent's file, under its name. */
function isOutboxFresh(file: string): boolean {
  const folder = join(file, '..');
  const outbox = file.replace(/^.*\//, '').replace(/\.yaml$/, '.outbox.db');
  if (!existsSync(folder)) return false;
  const times = readdirSync(folder)
    .filter((name) => name.startsWith(outbox))
    .map((name) => statSync(join(folder, name)).mtimeMs);
  return times.some((timeMs) => Date.now() - timeMs < OUTBOX_AGE_MAX_MS);
}
