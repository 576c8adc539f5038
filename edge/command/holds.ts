/** Leases: a setpoint is repeated while its lease lasts and released when it ends. */
import type { Command } from '@commonworks/core';
import type { ExecutorOptions } from './executor.ts';
import type { Setting } from './setting.ts';

type Hold = {
  readonly command: Command;
  readonly setting: Setting;
  /** When the device was last told; its revert timer runs from there. */
  refreshedMs: number;
};

export type Holds = {
  /** True when there is something to repeat or to end. A stale one (after a restart) is repeated at once. */
  readonly begin: (command: Command, setting: Setting, options?: { isFresh: boolean }) => boolean;
  readonly has: (command: Command) => boolean;
  readonly isHolding: (device: string) => boolean;
  /** Another command takes over the device: the running lease ends without touching the device. */
  readonly replace: (device: string, byCommand: string) => Promise<void>;
  /** Devices whose lease has something to repeat or to end now. */
  readonly due: () => string[];
  readonly serve: (device: string) => Promise<void>;
};

export function createHolds({ now, memory, report }: Pick<ExecutorOptions, 'now' | 'memory' | 'report'>): Holds {
  const held = new Map<string, Hold>();

  const end = async (hold: Hold, observed: number | null, reason: string) => {
    held.delete(hold.command.device);
    await memory.setState(hold.command.id, 'done');
    await report(hold.command.device, { command: hold.command.id, state: 'reverted', observed, reason });
  };
  const release = async (hold: Hold) => {
    await hold.setting.release();
    await end(hold, await hold.setting.observe(), 'the lease has ended');
  };
  const refresh = async (hold: Hold) => {
    await hold.setting.set(hold.command.value ?? hold.setting.max);
    hold.refreshedMs = now();
  };
  return {
    begin: (command, setting, options = { isFresh: true }) => {
      const isSet = command.kind !== 'clearPowerLimit' && !(command.kind === 'setRelay' && command.value === 0);
      if (!isSet || (command.leaseUntilMs === null && setting.revertS === null)) return false;
      held.set(command.device, { command, setting, refreshedMs: options.isFresh ? now() : 0 });
      return true;
    },
    has: ({ id, device }) => held.get(device)?.command.id === id,
    isHolding: (device) => held.has(device),
    replace: async (device, byCommand) => {
      const hold = held.get(device);
      if (hold !== undefined) await end(hold, null, `replaced by command ${byCommand}`);
    },
    due: () => [...held.values()].filter((hold) => isDue(hold, now())).map((hold) => hold.command.device),
    serve: async (device) => {
      const hold = held.get(device);
      if (hold === undefined || !isDue(hold, now())) return;
      try {
        if (hasEnded(hold, now())) await release(hold);
        else await refresh(hold);
      } catch {
        // The device does not answer: its own timer reverts it, and the next tick tries again.
      }
    },
  };
}

function isDue(hold: Hold, nowMs: number): boolean {
  return hasEnded(hold, nowMs) || isRefreshDue(hold, nowMs);
}

function hasEnded({ command }: Hold, nowMs: number): boolean {
  return command.leaseUntilMs !== null && nowMs >= command.leaseUntilMs;
}

function isRefreshDue({ setting, refreshedMs }: Hold, nowMs: number): boolean {
  if (setting.revertS === null || !setting.isVolatile) return false;
  return nowMs - refreshedMs >= (setting.revertS * 1000) / 2;
}
