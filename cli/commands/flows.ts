/** `commonworks flows run`: Node-RED for a site, until Ctrl-C. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { runEntry } from '../supervisor/run-entry.ts';

const DEMO_SITE = join(import.meta.dirname, '..', '..', 'demo-site');

type Options = { site: string; host: string; port: string; mqtt?: string; web?: string };

export function register(program: Command): void {
  const flows = program.command('flows').description('Node-RED with the nodes of the community (optional)');
  flows
    .command('run')
    .description('run the flow editor and its flows; the site itself runs beside it')
    .option('--site <dir>', "the site's folder", DEMO_SITE)
    .option('--host <address>', 'where the editor listens', '127.0.0.1')
    .option('--port <number>', 'port of the editor; 0 for any free one', '1880')
    .option('--mqtt <url>', "the broker's address, when it is not the one in site.yaml")
    .option('--web <url>', "the community server's address, when it is not the one in site.yaml")
    .action(run);
}

async function run({ site, host, port, mqtt, web }: Options): Promise<void> {
  const args = ['--site', resolve(site), '--host', host, '--port', port];
  if (mqtt !== undefined) args.push('--mqtt', mqtt);
  if (web !== undefined) args.push('--web', web);
  process.exitCode = await runEntry('flows/main.ts', args);
}
