/** Runs a set of processes until the signal aborts; then stops them in the reverse order. */
import { setTimeout as pause } from 'node:timers/promises';
import { type ProcessEvents, type ProcessSpec, SupervisedProcess } from './child-process.ts';

export type RunOptions = {
  readonly events: ProcessEvents;
  readonly signal: AbortSignal;
  /** Called once when all have said that they are ready, or after `readyMs`, with the names still silent. */
  readonly ready: (lines: ReadonlyMap<string, Readonly<Record<string, unknown>>>, silent: readonly string[]) => void;
  readonly readyMs: number;
};

/** Each process is started when the one before is ready, or after this pause: a crash of one never holds back the rest. */
const NEXT_AFTER_MS = 5000;

export async function runProcesses(specs: readonly ProcessSpec[], options: RunOptions): Promise<void> {
  const running: SupervisedProcess[] = [];
  const lines = new Map<string, Readonly<Record<string, unknown>>>();
  const stopped = new Promise<void>((resolve) => {
    if (options.signal.aborted) resolve();
    else options.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const spec of specs) {
    if (options.signal.aborted) break;
    const child = new SupervisedProcess(spec, options.events);
    running.push(child);
    void child.ready.then((fields) => lines.set(spec.name, fields));
    await Promise.race([child.ready, pause(NEXT_AFTER_MS, undefined, { ref: false }), stopped]);
  }
  await Promise.race([
    Promise.all(running.map((child) => child.ready)),
    pause(options.readyMs, undefined, { ref: false }),
    stopped,
  ]);
  if (!options.signal.aborted) {
    options.ready(
      lines,
      specs.map((spec) => spec.name).filter((name) => !lines.has(name)),
    );
  }
  await stopped;
  for (const child of running.reverse()) await child.stop();
}
