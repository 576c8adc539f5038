/** One simulated computer's own time: a wall clock that can be stepped, a boot id, and a time service that says whether it knows. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type OwnClock = {
  /** Given to every process that runs on this computer. */
  readonly env: Readonly<Record<string, string>>;
  /** Wall clock minus real time, from now on. */
  readonly step: (offsetMs: number) => void;
  readonly offsetMs: () => number;
  /** What `timedatectl` answers. */
  readonly setSynchronized: (isSynchronized: boolean) => void;
  /** The power came back: the kernel has another boot id. */
  readonly newBoot: () => void;
  readonly close: () => void;
};

/** Compiles the library that processes are started with; the tests' setup installs gcc. */
export function compileOwnClock(folder: string): string {
  if (!existsSync('/usr/bin/gcc')) throw new Error('missing: apt-get install gcc libc6-dev');
  const library = join(folder, 'own-clock.so');
  const source = fileURLToPath(new URL('own-clock.c', import.meta.url));
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-shared', '-fPIC', '-o', library, source, '-ldl']);
  return library;
}

export function createOwnClock(folder: string, library: string): OwnClock {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const files = { clock: join(folder, 'clock'), boot: join(folder, 'boot-id'), synced: join(folder, 'synchronized') };
  const clockFile = openSync(files.clock, 'w+');
  let offsetMs = 0;
  const step = (toMs: number) => {
    offsetMs = toMs;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(toMs)) * 1_000_000n);
    writeSync(clockFile, bytes, 0, 8, 0);
  };
  const setSynchronized = (isSynchronized: boolean) => writeFileSync(files.synced, isSynchronized ? 'yes\n' : 'no\n');
  const newBoot = () => writeFileSync(files.boot, `${randomUUID()}\n`);
  step(0);
  setSynchronized(true);
  newBoot();
  // `timedatectl show -p NTPSynchronized --value` of systemd; no chrony is installed here.
  program(join(bin, 'timedatectl'), `cat '${files.synced}'`);
  program(join(bin, 'chronyc'), 'echo "506 Cannot talk to daemon"; exit 1');
  return {
    env: {
      LD_PRELOAD: library,
      OWN_CLOCK: files.clock,
      OWN_BOOT_ID: files.boot,
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    },
    step,
    offsetMs: () => offsetMs,
    setSynchronized,
    newBoot,
    close: () => closeSync(clockFile),
  };
}

function program(file: string, line: string): void {
  writeFileSync(file, `#!/bin/sh\n${line}\n`);
  chmodSync(file, 0o755);
}
