/** A process that says line by line what it has done, on a simulated disk, until its power fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { VolatileDisk } from '../faults/volatile-disk.ts';

export type Life<Line> = {
  /** Everything that was said before the end. */
  readonly lines: readonly Line[];
  readonly end: 'power cut' | 'stopped';
};

/** A process that lives longer than this without its power failing is ended, as if it had. */
const LIFE_MAX_MS = 20_000;

/**
 * Resolves when the process has ended. `onLine` may tell that it has lived long enough.
 * @throws when it ends by itself, with what it wrote to stderr.
 */
export async function liveUntilCut<Line>(
  { disk, entry, args }: { readonly disk: VolatileDisk; readonly entry: URL; readonly args: readonly string[] },
  options: { readonly env: NodeJS.ProcessEnv; readonly onLine?: (line: Line) => 'go on' | 'stop' },
): Promise<Life<Line>> {
  const child = spawn(process.execPath, [entry.pathname, ...args], {
    env: { ...process.env, ...options.env, ...disk.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(stop, LIFE_MAX_MS);
  let fault = '';
  child.stderr.on('data', (chunk: Buffer) => {
    fault = `${fault}${chunk}`.slice(-4000);
  });
  const ended = once(child, 'close');
  const lines: Line[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = wholeLine<Line>(text);
    if (line === null) continue;
    lines.push(line);
    if (options.onLine?.(line) === 'stop') stop();
  }
  await ended;
  clearTimeout(timer);
  if (!isStopped && child.signalCode !== 'SIGKILL') throw new Error(`${entry.pathname} ended by itself: ${fault}`);
  return { lines, end: isStopped ? 'stopped' : 'power cut' };
}

/** The last one may have been cut off in its middle: then it was never said. */
function wholeLine<Line>(text: string): Line | null {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return null;
  }
}
