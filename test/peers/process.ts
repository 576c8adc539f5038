/** Starts a peer from the system as a child process, waits for its sign of readiness, and stops it by its id. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

export type PeerProcess = {
  readonly pid: number;
  /** The first capture group of the sign of readiness. */
  readonly found: string;
  /** What it has written so far, the newest 50,000 characters. */
  readonly output: () => string;
  /** SIGTERM, and SIGKILL after 5 s; resolves when the process has ended. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
};

/** @throws when the program is not installed, ends early, or says nothing within 20 s; with its last words. */
export async function startPeer(
  program: string,
  args: readonly string[],
  options: {
    readonly ready: RegExp;
    readonly package: string;
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
  },
): Promise<PeerProcess> {
  if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install ${options.package}`);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: options.cwd, env: options.env });
  const ended = once(child, 'exit');
  let output = '';
  const { promise: found, resolve, reject } = Promise.withResolvers<string>();
  const listen = (chunk: Buffer) => {
    output = `${output}${chunk}`.slice(-50_000);
    const match = options.ready.exec(output);
    if (match !== null) resolve(match[1] ?? '');
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  child.once('exit', (code) => reject(new Error(`${program} ended with ${code}: ${output.slice(-2000)}`)));
  child.once('error', reject);
  const timer = setTimeout(() => reject(new Error(`${program} is not ready: ${output.slice(-2000)}`)), 60_000);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const killer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(killer);
  };
  try {
    return { pid: child.pid ?? 0, found: await found, output: () => output, stop };
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
