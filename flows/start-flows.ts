/** Starts Node-RED within this process, on an address of its own. Once per process: Node-RED is a singleton. */
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CodedError } from '@commonworks/core';
import express from 'express';
import RED from 'node-red';
import type { RedSettingsOptions } from './red-settings.ts';
import { ADMIN_ROOT, redSettings } from './red-settings.ts';

export type FlowsOptions = Omit<RedSettingsOptions, 'nodesDir'> & {
  readonly host: string;
  readonly port: number;
  /** The example is laid out switched on. */
  readonly isExampleOn: boolean;
};
export type RunningFlows = { readonly url: string; readonly stop: () => Promise<void> };

const NODES = join(import.meta.dirname, 'nodes');
const EXAMPLE = join(import.meta.dirname, 'examples', 'boiler-from-surplus.json');

/** @throws CodedError `flows.port-taken` when the address is in use. */
export async function startFlows(options: FlowsOptions): Promise<RunningFlows> {
  await mkdir(options.userDir, { recursive: true, mode: 0o700 });
  await layOutExample(join(options.userDir, 'flows.json'), options);
  const app = express();
  app.disable('x-powered-by');
  const server = createServer(app);
  RED.init(server, redSettings({ ...options, nodesDir: NODES }));
  app.get('/healthz', (_request, response) => response.json({ ok: true }));
  app.get('/', (_request, response) => response.redirect(`${ADMIN_ROOT}/`));
  app.use(ADMIN_ROOT, RED.httpAdmin);
  await listen(server, options);
  const running = new Promise<void>((resolve) => RED.runtime.events.once('flows:started', resolve));
  await RED.start();
  await running;
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}${ADMIN_ROOT}/`,
    stop: async () => {
      await RED.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The first start shows the example; later starts leave everything as it was. */
async function layOutExample(flowFile: string, { isExampleOn }: { isExampleOn: boolean }): Promise<void> {
  const isThere = await access(flowFile).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const nodes = JSON.parse(await readFile(EXAMPLE, 'utf8')) as { type: string }[];
  const laidOut = nodes.map((node) => (node.type === 'tab' ? { ...node, disabled: !isExampleOn } : node));
  await writeFile(flowFile, JSON.stringify(laidOut, null, 2));
}

async function listen(server: ReturnType<typeof createServer>, { host, port }: FlowsOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new CodedError('flows.port-taken', `cannot listen on ${host}:${port}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}
