/** Leases: a setpoint is repeated while its lease lasts and released when it ends. */
import type { Command } from '@commonworks/core';
import { type Lease, leftMs } from './deadlines.ts';
import type { ExecutorOptions } from './executor.ts';
import type { Setting } from './setting.ts';
import { releaseProven } from './undo.ts';

type Hold = {
  readonly command: Command;
  readonly setting: Setting;
  /** Elapsed time at which it ends; null: not known since the machine started anew, the device's own timer runs. */
  endMs: number | null;
  /** Elapsed time when the device was last told; its revert timer runs from there. */
  refreshedMs: number;
};

export type Holds = {
  /** True when there is something to repeat or to end. */
  readonly begin: (command: Command, setting: Setting, lease: Lease) => boolean;
  /**
   * After a restart of the agent the lease goes on and is repeated at once. After a restart of the machine nobody knows
   * how long it was off: what the device does not give up by itself ends now, the rest when the hub's time is known.
   */
  readonly resume: (command: Command, setting: Setting, lease: Lease) => void;
  readonly has: (command: Command) => boolean;
  /** What the running lease asks for; null without one. */
  readonly valueOf: (device: string) => number | null;
  /** Another command takes over the device: the running lease ends without touching the device. */
  readonly replace: (device: string, byCommand: string) => Promise<void>;
  /** Devices whose lease has something to repeat or to end now. */
  readonly due: () => string[];
  readonly serve: (device: string) => Promise<void>;
};

type HoldOptions = Pick<ExecutorOptions, 'time' | 'memory' | 'report' | 'observePauseMs'> & {
  /** Its lease is over, and the device does not show that it was released. */
  readonly onStuck: (command: Command, setting: Setting, error: unknown) => Promise<void>;
};

export function createHolds({ time, memory, report, observePauseMs, onStuck }: HoldOptions): Holds {
  const held = new Map<string, Hold>();

  const end = async (hold: Hold, observed: number | null, reason: string) => {
    held.delete(hold.command.device);
    await memory.setState(hold.command.id, 'done');
    await report(hold.command.device, { command: hold.command.id, state: 'reverted', observed, reason });
  };
  const release = async (hold: Hold) => {
    try {
      await end(hold, await releaseProven(hold.setting, observePauseMs), 'the lease has ended');
    } catch (error) {
      held.delete(hold.command.device);
      await onStuck(hold.command, hold.setting, error);
    }
  };
  const refresh = async (hold: Hold) => {
    await hold.setting.set(hold.command.value ?? hold.setting.max);
    hold.refreshedMs = time.elapsedMs();
  };
  return {
    begin: (command, setting, { deadlineMs }) => {
      if (!isHeld(command, setting)) return false;
      const endMs = command.leaseUntilMs === null ? Number.POSITIVE_INFINITY : deadlineMs;
      return held.set(command.device, { command, setting, endMs, refreshedMs: time.elapsedMs() }) === held;
    },
    resume: (command, setting, { boot, deadlineMs }) => {
      if (!isHeld(command, setting)) return;
      const endMs = endAfterRestart(command, setting, boot === time.boot ? deadlineMs : null);
      held.set(command.device, { command, setting, endMs, refreshedMs: Number.NEGATIVE_INFINITY });
    },
    has: ({ id, device }) => held.get(device)?.command.id === id,
    valueOf: (device) => {
      const hold = held.get(device);
      return hold === undefined || hasEnded(hold, time.elapsedMs()) ? null : hold.command.value;
    },
    replace: async (device, byCommand) => {
      const hold = held.get(device);
      if (hold !== undefined) await end(hold, null, `replaced by command ${byCommand}`);
    },
    due: () => {
      const hubMs = time.hubMs();
      const nowMs = time.elapsedMs();
      for (const hold of held.values()) {
        if (hold.endMs === null && hubMs !== null) hold.endMs = nowMs + (leftMs(hold.command, hubMs) ?? 0);
      }
      return [...held.values()].filter((hold) => isDue(hold, nowMs)).map((hold) => hold.command.device);
    },
    serve: async (device) => {
      const hold = held.get(device);
      const nowMs = time.elapsedMs();
      if (hold === undefined || !isDue(hold, nowMs)) return;
      try {
        if (hasEnded(hold, nowMs)) await release(hold);
        else await refresh(hold);
      } catch {
        // The device does not answer: its own timer reverts it, and the next tick tries again.
      }
    },
  };
}

/** Without a deadline of this boot: at once, or as the device's own timer has it. */
function endAfterRestart({ leaseUntilMs }: Command, { revertS }: Setting, deadlineMs: number | null): number | null {
  if (leaseUntilMs === null) return Number.POSITIVE_INFINITY;
  if (deadlineMs !== null) return deadlineMs;
  return revertS === null ? Number.NEGATIVE_INFINITY : null;
}

/** Something that must be repeated or ended: a value that stands, and an end that we or the device bring about. */
function isHeld(command: Command, setting: Setting): boolean {
  const isSet = command.kind !== 'clearPowerLimit' && !(command.kind === 'setRelay' && command.value === 0);
  return isSet && (command.leaseUntilMs !== null || setting.revertS !== null);
}

function isDue(hold: Hold, nowMs: number): boolean {
  return hasEnded(hold, nowMs) || isRefreshDue(hold, nowMs);
}

function hasEnded({ endMs }: Hold, nowMs: number): boolean {
  return endMs !== null && nowMs >= endMs;
}

/** Not while nobody knows whether the lease still runs. */
function isRefreshDue({ setting, endMs, refreshedMs }: Hold, nowMs: number): boolean {
  if (setting.revertS === null || !setting.isVolatile || endMs === null) return false;
  return nowMs - refreshedMs >= (setting.revertS * 1000) / 2;
}
