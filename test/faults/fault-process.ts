/** One process of the product that a fault run kills, stops and starts; each life is a process group of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type FaultProcessSpec = {
  readonly name: string;
  /** Relative to the project's folder. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Each life begins with monotonic clocks near zero, as after a boot, where the kernel lets us. */
  readonly isBooted?: boolean;
};

export type FaultProcess = {
  readonly name: string;
  /** Resolves when it says that it is ready. */
  readonly start: () => Promise<void>;
  /** SIGKILL: the power is gone. */
  readonly cut: () => Promise<void>;
  /** SIGSTOP and SIGCONT: alive and doing nothing. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** SIGTERM, and SIGKILL when that is not enough. */
  readonly stop: () => Promise<void>;
  readonly isRunning: () => boolean;
  /** The newest lines of all its lives, for a failing run. */
  readonly lines: readonly string[];
};

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const PRELOAD = new URL('../../cli/supervisor/die-with-parent.ts', import.meta.url).href;
const LINES_KEPT = 300;
const READY_MS = 60_000;
const STOP_MS = 10_000;
/** A machine that has just booted has been up for a few seconds. */
const UP_S = 5;

export function createFaultProcess(spec: FaultProcessSpec): FaultProcess {
  const lines: string[] = [];
  let child: ChildProcess | null = null;
  let exited: Promise<unknown> = Promise.resolve();
  const isRunning = () => child !== null && child.exitCode === null && child.signalCode === null;
  const signal = (name: NodeJS.Signals) => {
    if (!isRunning() || child?.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // It ended by itself between the look and the signal.
    }
  };
  const start = async () => {
    if (isRunning()) return;
    const [program = '', ...args] = [
      ...(spec.isBooted === true ? bootPrefix() : []),
      ...[process.execPath, '--import', PRELOAD, spec.entry, ...spec.args],
    ];
    const env = { ...process.env, ...spec.env };
    const started = spawn(program, args, {
      cwd: PROJECT,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    child = started;
    exited = once(started, 'exit');
    await readyOrEnded(started, (text) => {
      lines.push(text);
      if (lines.length > LINES_KEPT) lines.shift();
    });
  };
  const end = async (name: NodeJS.Signals) => {
    if (!isRunning()) return;
    signal('SIGCONT');
    signal(name);
    const timer = setTimeout(() => signal('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  return {
    name: spec.name,
    start,
    cut: () => end('SIGKILL'),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    stop: () => end('SIGTERM'),
    isRunning,
    lines,
  };
}

function readyOrEnded(child: ChildProcess, keep: (text: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, READY_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    child.once('exit', done);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (text) => {
        keep(text);
        if (text.includes('"msg":"ready"')) done();
      });
    }
  });
}

let canBoot: boolean | undefined;

/** Whether a process can be given monotonic clocks of its own (a time namespace: Linux 5.6, and the right to make one). */
export function canResetMonotonic(): boolean {
  canBoot ??= spawnSync('unshare', ['--time', '--fork', '--monotonic', '0', '--boottime', '0', 'true']).status === 0;
  return canBoot;
}

function bootPrefix(): string[] {
  if (!canResetMonotonic()) return [];
  const back = `-${Math.floor(Number(process.hrtime.bigint() / 1_000_000_000n)) - UP_S}`;
  return ['unshare', '--time', '--fork', '--kill-child', '--monotonic', back, '--boottime', back];
}
