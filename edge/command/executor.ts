/** Executes commands: remembered before acting, confirmed only by reading back, ended by their lease. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command, Refusal } from '@commonworks/core';
import { accept, type Clock, isCoded, type ReceiptEvent, type Result, refuse } from '@commonworks/core';
import { createHolds } from './holds.ts';
import type { Setting } from './setting.ts';

/** Where commands are remembered; a command already known is never executed again. */
export type CommandMemory = {
  readonly remember: (id: string, body: string) => Promise<boolean>;
  readonly setState: (id: string, state: 'written' | 'held' | 'done') => Promise<void>;
  readonly open: () => Promise<readonly { id: string; body: string; state: string }[]>;
};

export type ExecutorOptions = {
  readonly settingOf: (device: string) => Setting | null;
  readonly memory: CommandMemory;
  readonly now: Clock;
  readonly isTimeTrusted: () => boolean;
  /** Resolves when the receipt is durable. */
  readonly report: (device: string, receipt: ReceiptEvent) => Promise<void>;
  /** Some inverters take a moment before a written register shows: the pause between looks. */
  readonly observePauseMs?: number;
};

export type Executor = {
  /** `command` is verified already. Resolves when it is confirmed or has failed. */
  readonly execute: (command: Command) => Promise<void>;
  /** Repeats what must be repeated, ends what is over; called on every tick. */
  readonly tick: () => Promise<void>;
  /** After a restart: goes on with running leases, and reports what was cut short. */
  readonly resume: () => Promise<void>;
};

const OBSERVE_ATTEMPTS = 3;
const OBSERVE_PAUSE_MS = 200;
/** A percent register has at most two decimals; a limit is met when it shows within half of a tenth. */
const TOLERANCE = 0.05;

export function createExecutor(options: ExecutorOptions): Executor {
  const { memory } = options;
  const holds = createHolds(options);
  const receipts = createReceipts(options, holds.has);
  const inOrder = createDeviceOrder();

  const act = async (command: Command, setting: Setting) => {
    await receipts.tell(command, 'accepted');
    try {
      const wanted = await write(command, setting);
      // Not before: where the write fails, the lease that runs must still end.
      await holds.replace(command.device, command.id);
      // A device that gives nothing up by itself is ended by us from here on, whatever comes.
      const isHeldAtOnce = setting.revertS === null && holds.begin(command, setting);
      await memory.setState(command.id, isHeldAtOnce ? 'held' : 'written');
      await receipts.tell(command, 'written');
      const observed = await observe(setting, { wanted, pauseMs: options.observePauseMs ?? OBSERVE_PAUSE_MS });
      if (!isMet(observed, wanted)) {
        const reason = 'edge.command-not-observed: the device shows another value';
        return await receipts.finish(command, 'failed', { observed, reason });
      }
      const isHeld = isHeldAtOnce || holds.begin(command, setting);
      await memory.setState(command.id, isHeld ? 'held' : 'done');
      await receipts.tell(command, 'confirmed', { observed });
    } catch (error) {
      // The answer may be lost and not the write: a relay that could be on is switched off with its lease.
      if (setting.revertS === null && !holds.isHolding(command.device)) holds.begin(command, setting);
      await receipts.finish(command, 'failed', { reason: reasonOf(error) });
    }
  };
  const execute = async (command: Command) => {
    if (!(await memory.remember(command.id, JSON.stringify(command)))) return;
    if (!options.isTimeTrusted()) {
      const reason = 'edge.clock-untrusted: this edge does not know what time it is';
      return receipts.finish(command, 'failed', { reason });
    }
    if (options.now() > command.expiresMs) {
      return receipts.finish(command, 'expired', { reason: 'edge.command-expired' });
    }
    const setting = admissible(command, options.settingOf(command.device));
    if (setting.ok) await act(command, setting.value);
    else await receipts.finish(command, 'failed', { reason: `${setting.reason}: ${setting.message}` });
  };
  return {
    execute: (command) => inOrder(command.device, () => execute(command)),
    tick: async () => {
      await Promise.all(holds.due().map((device) => inOrder(device, () => holds.serve(device))));
    },
    resume: async () => {
      for (const row of await memory.open()) {
        const command = JSON.parse(row.body) as Command;
        const setting = options.settingOf(command.device);
        if (setting !== null && (row.state === 'held' || setting.revertS === null)) {
          holds.begin(command, setting, { isFresh: false });
        }
        if (row.state === 'held' && setting !== null) continue;
        await receipts.finish(command, 'failed', { reason: 'the agent was restarted while it executed this' });
      }
    },
  };
}

/** One after the other for each device: a command never overtakes the one before it, nor the repeating of a lease. */
function createDeviceOrder() {
  const chains = new Map<string, Promise<void>>();
  return (device: string, work: () => Promise<void>): Promise<void> => {
    const chain = (chains.get(device) ?? Promise.resolve()).then(work);
    chains.set(
      device,
      chain.catch(() => undefined),
    );
    return chain;
  };
}

type Detail = { readonly observed?: number | null; readonly reason?: string };

/** `isHeld`: failed, but its lease still has to end. */
function createReceipts(
  { memory, report }: Pick<ExecutorOptions, 'memory' | 'report'>,
  isHeld: (command: Command) => boolean,
) {
  const tell = ({ id, device }: Command, state: ReceiptEvent['state'], detail: Detail = {}) =>
    report(device, {
      command: id,
      state,
      observed: detail.observed ?? null,
      reason: (detail.reason ?? '').slice(0, 500),
    });
  const finish = async (command: Command, state: 'failed' | 'expired', detail: Detail) => {
    await memory.setState(command.id, isHeld(command) ? 'held' : 'done');
    await tell(command, state, detail);
  };
  return { tell, finish };
}

function reasonOf(error: unknown): string {
  return isCoded(error) ? `${error.code}: ${error.message}` : String(error);
}

function isMet(observed: number | null, wanted: number): boolean {
  return observed !== null && Math.abs(observed - wanted) <= TOLERANCE;
}

function admissible(command: Command, setting: Setting | null): Result<Setting> | Refusal {
  if (setting === null || !setting.kinds.includes(command.kind)) {
    return refuse('edge.command-device', `${command.device} does not take ${command.kind}`);
  }
  if (command.kind === 'clearPowerLimit') return accept(setting);
  const { value } = command;
  const isWhole = command.kind !== 'setRelay' || value === 0 || value === 1;
  if (value === null || !isWhole || value < setting.min || value > setting.max) {
    return refuse('edge.command-out-of-range', `${value} is not within ${setting.min} to ${setting.max}`);
  }
  return accept(setting);
}

/** Writes, and returns what the device must show then. */
async function write(command: Command, setting: Setting): Promise<number> {
  if (command.kind === 'clearPowerLimit' || command.value === null) {
    await setting.release();
    return setting.max;
  }
  await setting.set(command.value);
  return command.value;
}

async function observe(
  setting: Setting,
  { wanted, pauseMs }: { wanted: number; pauseMs: number },
): Promise<number | null> {
  let observed: number | null = null;
  for (let attempt = 0; attempt < OBSERVE_ATTEMPTS; attempt++) {
    observed = await setting.observe();
    if (isMet(observed, wanted)) return observed;
    await sleep(pauseMs);
  }
  return observed;
}
