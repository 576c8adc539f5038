/** Which processes make a site, in the order they start; they stop in the reverse order. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { siteFiles } from '../site/site-files.ts';
import type { ProcessSpec } from './child-process.ts';

/** Every `*.yaml` in the site's edges folder is an agent that runs on this machine. */
export function siteProcesses(dir: string, options: { env?: Readonly<Record<string, string>> } = {}): ProcessSpec[] {
  const env = options.env ?? {};
  const { edges } = siteFiles(dir);
  const agents = readdirSync(edges)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => ({
      name: `edge ${file.slice(0, -5)}`,
      entry: 'edge/main.ts',
      args: ['--config', join(edges, file)],
      env,
    }));
  return [
    { name: 'broker', entry: 'broker/main.ts', args: ['--site', dir], env },
    { name: 'community', entry: 'community/main.ts', args: ['--site', dir], env },
    ...agents,
  ];
}
