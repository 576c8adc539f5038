/** `commonworks grafana generate`: Grafana's provisioning files from our own dashboards in code. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { provisioningFiles } from '@commonworks/dashboard/grafana/provisioning-files.ts';
import type { Command } from 'commander';

export function register(program: Command): void {
  const grafana = program.command('grafana').description('Grafana dashboards, generated from code');
  grafana
    .command('generate')
    .description('write the data source and the dashboards as provisioning files')
    .requiredOption('--out <dir>', "Grafana's provisioning folder, e.g. /etc/grafana/provisioning")
    .option('--json', 'print the written paths as JSON')
    .action(async (options: { out: string; json?: true }) => {
      const written: string[] = [];
      for (const [path, content] of provisioningFiles()) {
        const file = join(options.out, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
        written.push(file);
      }
      process.stdout.write(options.json ? `${JSON.stringify({ written })}\n` : `${written.join('\n')}\n`);
    });
}
