/** The kernel's own time: milliseconds since it started, and the name of that start. */
import { readFileSync } from 'node:fs';
import { hrtime } from 'node:process';
import { isUuid } from '@commonworks/core';

/**
 * Milliseconds since the kernel started (CLOCK_MONOTONIC): the same for every process of one boot, never set by anybody.
 * Two lives of a process within one boot can therefore be put in order.
 */
export function kernelMs(): number {
  return Number(hrtime.bigint()) / 1e6;
}

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

/** The kernel's name for this boot; null where the system has none (macOS, Windows). */
export function kernelBootId(file = BOOT_ID_FILE): string | null {
  try {
    const id = readFileSync(file, 'utf8').trim();
    return isUuid(id) ? id : null;
  } catch {
    return null;
  }
}

/** Milliseconds that the machine has slept since the kernel started: /proc/uptime counts them, monotonic time does not. 0 where it is not told. */
export function sleptMs(file = '/proc/uptime'): number {
  try {
    const uptimeMs = Number(readFileSync(file, 'utf8').split(' ')[0]) * 1000;
    return Number.isFinite(uptimeMs) ? Math.max(0, uptimeMs - kernelMs()) : 0;
  } catch {
    return 0;
  }
}
