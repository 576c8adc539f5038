/** `commonworks demo run`: the demo community, simulated devices included, in one command. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError, type SiteConfig } from '@commonworks/core';
import { prepareDemoSite } from '@commonworks/demo/site/prepare-demo-site.ts';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { demoBanner } from '../site/demo-banner.ts';
import { ensureDashboard } from '../site/ensure-dashboard.ts';
import { holdSite } from '../site/hold-site.ts';
import { makeDemoSite } from '../site/make-demo-site.ts';
import { readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';
import { printEvents } from '../supervisor/print-events.ts';
import { runProcesses } from '../supervisor/run-processes.ts';
import { siteProcesses } from '../supervisor/site-processes.ts';
import { stopSignal } from '../supervisor/stop-signal.ts';

const DEMO_DIR = fileURLToPath(new URL('../../demo-site', import.meta.url));
const READY_MS = 60_000;

type DemoOptions = { dir: string; listen?: string; speed?: number; seed?: number; reset?: boolean; json?: boolean };

export function register(program: Command): void {
  const demo = program.command('demo').description('the demo community: simulated devices, real everything else');
  demo
    .command('run', { isDefault: true })
    .description('run the demo community; the first start makes it and replays the last whole month')
    .option('--dir <dir>', 'folder of the demo site', DEMO_DIR)
    .option('--listen <address>', 'address to bind to (127.0.0.1 unless given)')
    .option(
      '--speed <n>',
      'seconds of community time a second, until it has caught up with now; starts in the past',
      speed,
    )
    .option('--seed <n>', 'repeats a run: weather, habits and noise', whole)
    .option('--json', "print the processes' own JSON log lines")
    .addOption(new Option('--reset', 'throw the demo site away and begin anew'))
    .action(runDemo);
}

async function runDemo(options: DemoOptions): Promise<void> {
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  await holdSite(options.dir);
  if (options.reset) empty(options.dir);
  if (!existsSync(siteFiles(options.dir).config)) {
    print('Making the demo community ...');
    await makeDemoSite(options.dir, { listen: '127.0.0.1', ...options, nowMs: Date.now() });
  }
  const config = readSite(options.dir);
  const kept = keptSettings(config, options);
  if (kept !== null) print(kept);
  const { clockAddress } = await prepareDemoSite(options.dir);
  await ensureDashboard();
  const env = { COMMONWORKS_CLOCK: clockAddress };
  const world = { name: 'world', entry: 'demo/world-main.ts', args: ['--site', options.dir] };
  const signal = stopSignal();
  const printer = printEvents({ isJson: options.json === true, signal });
  await runProcesses([world, ...siteProcesses(options.dir, { env })], {
    signal,
    readyMs: READY_MS,
    events: printer.events,
    ready: (_lines, silent) => {
      print(demoBanner(config, siteFiles(options.dir).demoLogins, { isTerminal: process.stdout.isTTY === true }));
      if (silent.length > 0) print(`not ready yet: ${silent.join(', ')}`);
    },
  });
  printer.stopped();
}

/** The folder itself stays: it is what `holdSite` holds. Nothing but a demo is thrown away. */
function empty(dir: string): void {
  const names = readdirSync(dir);
  const { config } = siteFiles(dir);
  const isDemo = existsSync(config) && readSite(dir).demo !== undefined;
  if (names.length > 0 && !isDemo) throw new CodedError('site.not-demo', `${dir} holds no demo, and other files`);
  for (const name of names) rmSync(join(dir, name), { recursive: true, force: true });
}

/** A demo keeps what it was made with: said when something else was asked for. */
function keptSettings({ demo, listen }: SiteConfig, options: DemoOptions): string | null {
  const asked: [string, unknown, unknown][] = [
    ['--speed', options.speed, demo?.speed],
    ['--seed', options.seed, demo?.seed],
    ['--listen', options.listen, listen.host],
  ];
  const kept = asked.filter(([, wanted, is]) => wanted !== undefined && wanted !== is);
  if (kept.length === 0) return null;
  const words = kept.map(([flag, , is]) => `${flag} ${is}`).join(' ');
  return `This demo was made with ${words} and keeps it; add --reset to throw it away and make a new one.`;
}

function speed(text: string): number {
  const value = Number(text);
  if (!(value >= 1 && value <= 3600)) throw new InvalidArgumentError('a speed is 1 to 3600.');
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('a seed is a whole number.');
  return value;
}
