/** Does the system's own time service say that this machine's clock is synchronised? Asked without root. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { SKEW_MAX_MS } from '@commonworks/core';

export type SystemSync = {
  readonly isSynchronised: boolean;
  /** Who says so; null: no time service answered. */
  readonly service: 'chrony' | 'timesyncd' | null;
  /** Bound of the clock's error as the service states it; timesyncd states none. */
  readonly errorMs: number | null;
};

export type SystemSyncOptions = {
  readonly timeoutMs?: number;
  /** What systemd-timesyncd touches at each synchronisation (systemd-timesyncd.service(8)). */
  readonly stampFile?: string;
};

const NOBODY: SystemSync = { isSynchronised: false, service: null, errorMs: null };
const STAMP_FILE = '/run/systemd/timesync/synchronized';
/** timesyncd asks at least every 2048 s (PollIntervalMaxSec, timesyncd.conf(5)): two rounds and a half. */
const STAMP_AGE_MAX_MS = 5_400_000;
const ANSWER_BYTES_MAX = 4096;

/**
 * Chrony first, for it states its error; then systemd's view of the kernel's flag, which any time service sets; then the
 * stamp of timesyncd where D-Bus does not answer. Never rejects, and takes at most twice the timeout.
 */
export async function readSystemSync(options: SystemSyncOptions = {}): Promise<SystemSync> {
  const timeoutMs = options.timeoutMs ?? 2000;
  const tracking = parseTracking(await ask('chronyc', ['-c', '-n', 'tracking'], timeoutMs));
  if (tracking !== null) return tracking;
  const flag = await ask('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], timeoutMs);
  if (flag?.trim() === 'yes') return { isSynchronised: true, service: 'timesyncd', errorMs: null };
  if (flag?.trim() === 'no') return { ...NOBODY, service: 'timesyncd' };
  const isStamped = await isRecent(options.stampFile ?? STAMP_FILE);
  return isStamped ? { isSynchronised: true, service: 'timesyncd', errorMs: null } : NOBODY;
}

/** Null when the program is missing, fails, hangs or says too much: each means that nobody vouches for the clock. */
function ask(program: string, args: readonly string[], timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: ANSWER_BYTES_MAX, env: plainEnv() } as const;
    execFile(program, [...args], limits, (error, stdout) => resolve(error === null ? stdout : null));
  });
}

function plainEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
}

/** Chrony's name for its own undisciplined clock (`local` in chrony.conf(5)): nobody vouches for it. */
const LOCAL_REFERENCE = '7F7F0101';

/**
 * `chronyc -c tracking`: reference id, name, stratum, reference time, system time, last offset, RMS offset, frequency,
 * residual, skew, root delay, root dispersion, update interval, leap status; seconds. The error bound is RFC 5905's:
 * half the root delay plus the root dispersion, plus what is still being corrected.
 */
export function parseTracking(text: string | null): SystemSync | null {
  const fields = text?.trim().split(',') ?? [];
  if (fields.length !== 14) return null;
  const [reference, , stratum, , system, , , , , , delay, dispersion, , leap] = fields;
  const errorMs = (Math.abs(Number(system)) + Math.abs(Number(delay)) / 2 + Number(dispersion)) * 1000;
  const isFollowing = reference !== LOCAL_REFERENCE && Number(stratum) > 0 && leap !== 'Not synchronised';
  const isNear = Number.isFinite(errorMs) && errorMs <= SKEW_MAX_MS;
  return { isSynchronised: isFollowing && isNear, service: 'chrony', errorMs: isFollowing && isNear ? errorMs : null };
}

async function isRecent(file: string): Promise<boolean> {
  try {
    const ageMs = Date.now() - (await stat(file)).mtimeMs;
    return ageMs >= 0 && ageMs <= STAMP_AGE_MAX_MS;
  } catch {
    return false;
  }
}
