/** One supervised process: started, watched, started again after a growing pause, stopped in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type ProcessSpec = {
  readonly name: string;
  /** Path of the entry point, relative to the project's folder. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

/** What a process said, one JSON line at a time; `text` when it was not JSON. */
export type ProcessLine = {
  readonly process: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: string;
};

export type ProcessEvents = {
  readonly line: (line: ProcessLine) => void;
  readonly restarting: (process: string, reason: string, pauseMs: number) => void;
};

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const PRELOAD = new URL('./die-with-parent.ts', import.meta.url).href;
/** A process that lived this long is taken as healthy: its next pause is the shortest again. */
const HEALTHY_AFTER_MS = 5000;
const PAUSES_MS = [250, 1000, 3000, 10_000] as const;
/** Grace between SIGTERM and SIGKILL. */
const STOP_MS = 8000;

export class SupervisedProcess {
  readonly spec: ProcessSpec;
  readonly ready: Promise<Readonly<Record<string, unknown>>>;
  #events: ProcessEvents;
  #child: ChildProcess | undefined;
  #isStopping = false;
  #failures = 0;
  #resolveReady: (fields: Readonly<Record<string, unknown>>) => void = () => {};
  #exited: Promise<unknown> = Promise.resolve();
  #pause: NodeJS.Timeout | undefined;

  constructor(spec: ProcessSpec, events: ProcessEvents) {
    this.spec = spec;
    this.#events = events;
    this.ready = new Promise((resolve) => {
      this.#resolveReady = resolve;
    });
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#pause);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #start(): void {
    const startedMs = performance.now();
    const child = spawn(process.execPath, ['--import', PRELOAD, this.spec.entry, ...this.spec.args], {
      cwd: PROJECT,
      env: { ...process.env, ...this.spec.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // In a process group of its own: a terminal's Ctrl-C reaches the supervisor alone, which stops its processes in order.
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (text) => this.#read(text));
    }
    this.#exited = once(child, 'exit').then(([code, signal]) => {
      if (!this.#isStopping) this.#restart(`${signal ?? `exit code ${code}`}`, performance.now() - startedMs);
    });
  }

  #restart(reason: string, livedMs: number): void {
    this.#failures = livedMs > HEALTHY_AFTER_MS ? 0 : this.#failures + 1;
    const pauseMs = PAUSES_MS[Math.min(Math.max(this.#failures - 1, 0), PAUSES_MS.length - 1)] ?? 10_000;
    this.#events.restarting(this.spec.name, reason, pauseMs);
    this.#pause = setTimeout(() => this.#start(), pauseMs);
  }

  #read(text: string): void {
    let fields: Record<string, unknown> = {};
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === 'object' && parsed !== null) fields = parsed as Record<string, unknown>;
    } catch {
      // Not a JSON line (a stack trace, a library's warning): shown as it is.
    }
    if (fields['msg'] === 'ready') this.#resolveReady(fields);
    this.#events.line({ process: this.spec.name, fields, text });
  }
}
