/** A demo site in a folder of its own, run by the real supervisor, for tests that kill, watch and count. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SiteConfig } from '@commonworks/core';
import { prepareDemoSite } from '@commonworks/demo/site/prepare-demo-site.ts';
import { choosePorts } from '../../cli/site/choose-ports.ts';
import { createSite } from '../../cli/site/create-site.ts';
import { publicUrl } from '../../cli/site/read-site.ts';
import { type ProcessLine, SupervisedProcess } from '../../cli/supervisor/child-process.ts';
import { siteProcesses } from '../../cli/supervisor/site-processes.ts';

export type DemoUnderTest = {
  readonly dir: string;
  readonly config: SiteConfig;
  readonly url: string;
  readonly clockAddress: string;
  readonly processes: ReadonlyMap<string, SupervisedProcess>;
  readonly outboxes: readonly string[];
  readonly lines: readonly ProcessLine[];
  /** Stops the named processes, or all, in the reverse order of their start. */
  stop(names?: readonly string[]): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

export type DemoTestOptions = {
  readonly originMs: number;
  readonly seed: number;
  readonly speed?: number;
  /** Processes stopped (SIGSTOP) as soon as they exist, as a machine that is busy elsewhere would: the test lets them go on. */
  readonly held?: readonly string[];
  /** Another entry point for the world. */
  readonly worldEntry?: string;
};

/** How many of the newest lines of the processes are kept for a failing test to print. */
const LINES_KEPT = 500;

export async function startDemo(options: DemoTestOptions): Promise<DemoUnderTest> {
  const dir = join(mkdtempSync(join(tmpdir(), 'commonworks-demo-')), 'site');
  const none = { webPort: 0, mqttPort: 0, mqttWsPort: 0, logPort: 0 };
  const { config } = createSite(dir, {
    name: 'Testhof',
    zone: 'Europe/Vienna',
    currency: 'EUR',
    locale: 'en',
    listen: { host: '127.0.0.1', ...(await choosePorts('127.0.0.1', none)) },
    nowMs: Date.now(),
    demo: { seed: options.seed, speed: options.speed ?? 1, originMs: options.originMs },
  });
  const { clockAddress } = await prepareDemoSite(dir);
  return runDemo(dir, { config, clockAddress, held: [], worldEntry: WORLD_ENTRY, ...options });
}

/** Starts a site that is there already, as `startDemo` left it. */
export function startAgain({ dir, config, clockAddress }: DemoUnderTest): Promise<DemoUnderTest> {
  return runDemo(dir, { config, clockAddress, held: [], worldEntry: WORLD_ENTRY });
}

const WORLD_ENTRY = 'demo/world-main.ts';

type Run = Required<Pick<DemoTestOptions, 'held' | 'worldEntry'>> & {
  readonly config: SiteConfig;
  readonly clockAddress: string;
};

async function runDemo(dir: string, { config, clockAddress, held, worldEntry }: Run): Promise<DemoUnderTest> {
  const env = { COMMONWORKS_CLOCK: clockAddress };
  const lines: ProcessLine[] = [];
  const events = {
    line: (line: ProcessLine) => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
    },
    restarting: () => {},
  };
  const processes = new Map<string, SupervisedProcess>();
  const specs = [{ name: 'world', entry: worldEntry, args: ['--site', dir] }, ...siteProcesses(dir, { env })];
  for (const spec of specs) {
    const started = new SupervisedProcess(spec, events);
    processes.set(spec.name, started);
    if (held.includes(spec.name)) hold(started);
    else await started.ready;
  }
  const stop = async (names: readonly string[] = [...processes.keys()]): Promise<void> => {
    for (const name of [...processes.keys()].reverse()) if (names.includes(name)) await processes.get(name)?.stop();
  };
  const edges = readdirSync(join(dir, 'edges')).filter((file) => file.endsWith('.yaml'));
  return {
    dir,
    config,
    url: publicUrl(config.listen),
    clockAddress,
    processes,
    outboxes: edges.map((file) => join(dir, 'edges', file.replace('.yaml', '.outbox.db'))),
    lines,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(join(dir, '..'), { recursive: true, force: true });
    },
  };
}

function hold({ pid }: SupervisedProcess): void {
  if (pid !== undefined) process.kill(pid, 'SIGSTOP');
}

export function letGo(demo: DemoUnderTest, names: readonly string[]): void {
  for (const name of names) {
    const pid = demo.processes.get(name)?.pid;
    if (pid !== undefined) process.kill(pid, 'SIGCONT');
  }
}
