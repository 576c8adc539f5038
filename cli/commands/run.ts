/** `commonworks run DIR`: runs a real site's processes until Ctrl-C. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CodedError } from '@commonworks/core';
import type { Command } from 'commander';
import { ensureDashboard } from '../site/ensure-dashboard.ts';
import { holdSite } from '../site/hold-site.ts';
import { publicUrl, readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';
import { printEvents } from '../supervisor/print-events.ts';
import { runProcesses } from '../supervisor/run-processes.ts';
import { siteProcesses } from '../supervisor/site-processes.ts';
import { stopSignal } from '../supervisor/stop-signal.ts';

const READY_MS = 60_000;

export function register(program: Command): void {
  program
    .command('run')
    .description("run a site's broker, community server and the agents configured in its edges folder")
    .argument('<dir>', 'the folder made by `commonworks init`')
    .option('--json', "print the processes' own JSON log lines")
    .action(runSite);
}

async function runSite(dir: string, options: { json?: boolean }): Promise<void> {
  const path = resolve(dir);
  const config = readSite(path);
  if (config.demo !== undefined || existsSync(siteFiles(path).demoLogins)) {
    throw new CodedError('site.is-demo', `${path} is a demo site: its log-ins are public knowledge`);
  }
  await holdSite(path);
  await ensureDashboard();
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const signal = stopSignal();
  const printer = printEvents({ isJson: options.json === true, signal });
  await runProcesses(siteProcesses(path), {
    signal,
    readyMs: READY_MS,
    events: printer.events,
    ready: (_lines, silent) => {
      print(
        `${config.community.name}: ${publicUrl(config.listen)}   broker mqtt://${config.listen.host}:${config.listen.mqttPort}`,
      );
      if (silent.length > 0) print(`not ready yet: ${silent.join(', ')}`);
    },
  });
  printer.stopped();
}
