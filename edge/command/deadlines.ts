/** When a command and its lease are over: dated once by the hub's clock as it comes, then on elapsed time only. */
import type { Command } from '@commonworks/core';

export type CommandTime = {
  /** The kernel's own time, which nobody sets. */
  readonly elapsedMs: () => number;
  /** Names the boot that time counts from. */
  readonly boot: string;
  /** The hub's clock, by which commands are dated; null while it is not known. */
  readonly hubMs: () => number | null;
};

/** When a lease ends: an elapsed time of that boot; null when the command has no lease or nobody knows. */
export type Lease = { readonly boot: string; readonly deadlineMs: number | null };

export type Deadlines = {
  /** False: without the hub's time nothing can be said about this command. */
  readonly isKnown: boolean;
  /** Not executed after this elapsed time. */
  readonly expiryMs: number;
  readonly lease: Lease;
};

/** Nothing is held longer without being asked for again. */
export const LEASE_MAX_MS = 86_400_000;

export function readDeadlines(command: Command, { elapsedMs, boot, hubMs }: CommandTime): Deadlines {
  const nowMs = hubMs();
  const sinceMs = elapsedMs();
  if (nowMs === null) return { isKnown: false, expiryMs: Number.POSITIVE_INFINITY, lease: { boot, deadlineMs: null } };
  const leaseMs = leftMs(command, nowMs);
  const lease = { boot, deadlineMs: leaseMs === null ? null : sinceMs + leaseMs };
  // A lease that is over already would be written and undone at once.
  const lifeMs = Math.min(command.expiresMs - nowMs, command.expiresMs - command.issuedMs, leaseMs ?? LEASE_MAX_MS);
  return { isKnown: true, expiryMs: sinceMs + lifeMs, lease };
}

/**
 * What is left of a lease; null without one. Never more than its whole length as the hub stamped it, should the hub's
 * clock have been set since it was measured.
 */
export function leftMs({ leaseUntilMs, issuedMs }: Command, hubNowMs: number): number | null {
  if (leaseUntilMs === null) return null;
  return Math.min(leaseUntilMs - hubNowMs, leaseUntilMs - issuedMs, LEASE_MAX_MS);
}
