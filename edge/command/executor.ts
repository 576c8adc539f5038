/** Executes commands: remembered before acting, confirmed only by reading back, ended by their lease. */
import type { Command, Refusal } from '@commonworks/core';
import { accept, type ReceiptEvent, type Result, refuse } from '@commonworks/core';
import { type CommandTime, type Deadlines, type Lease, readDeadlines } from './deadlines.ts';
import { createHolds, type Holds } from './holds.ts';
import type { Setting } from './setting.ts';
import { createUndo, isMet, observe, reasonOf, type Undo } from './undo.ts';

/** `written`: the device may have it from here on. `undoing`: it failed, and the device does not show yet that it is gone. */
export type CommandProgress = 'written' | 'held' | 'undoing' | 'done';

/** Where commands are remembered; a command already known is never executed again. */
export type CommandMemory = {
  readonly remember: (id: string, body: string, lease: Lease) => Promise<boolean>;
  readonly setState: (id: string, state: CommandProgress) => Promise<void>;
  readonly open: () => Promise<readonly (Lease & { id: string; body: string; state: string })[]>;
};

export type ExecutorOptions = {
  readonly settingOf: (device: string) => Setting | null;
  readonly memory: CommandMemory;
  readonly time: CommandTime;
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

const OBSERVE_PAUSE_MS = 200;

export function createExecutor(options: ExecutorOptions): Executor {
  const { memory } = options;
  const holds = createHolds({ ...options, onStuck: (command, setting, error) => undoLate(command, setting, error) });
  const undo = createUndo({ ...options, heldValue: holds.valueOf });
  const receipts = createReceipts(options, (command) => (undo.has(command) ? 'undoing' : 'done'));
  const inOrder = createDeviceOrder();

  const act = createAct(options, { holds, undo, receipts });
  const undoLate = async (command: Command, setting: Setting, error: unknown) => {
    undo.resume(command, setting);
    const reason = `edge.command-still-in-force: the lease has ended, and its end is not proven (${reasonOf(error)})`;
    await receipts.finish(command, 'failed', { reason });
  };
  const execute = async (command: Command, deadlines: Deadlines) => {
    if (!(await memory.remember(command.id, JSON.stringify(command), deadlines.lease))) return;
    if (!deadlines.isKnown && !isSafeWithoutTime(command)) {
      const reason = 'edge.clock-untrusted: this edge does not know what time it is';
      return receipts.finish(command, 'failed', { reason });
    }
    if (options.time.elapsedMs() > deadlines.expiryMs) {
      return receipts.finish(command, 'expired', { reason: 'edge.command-expired' });
    }
    const setting = admissible(command, options.settingOf(command.device));
    if (setting.ok) await act(command, setting.value, deadlines.lease);
    else await receipts.finish(command, 'failed', { reason: `${setting.reason}: ${setting.message}` });
  };
  return {
    execute: (command) => {
      // Dated as it comes: behind a slow bus it may wait, and from here on only elapsed time counts.
      const deadlines = readDeadlines(command, options.time);
      return inOrder(command.device, () => execute(command, deadlines));
    },
    tick: async () => {
      const leases = holds.due().map((device) => inOrder(device, () => holds.serve(device)));
      const undoings = undo.due().map((device) => inOrder(device, () => undo.serve(device)));
      await Promise.all([...leases, ...undoings]);
    },
    resume: async () => {
      for (const row of await memory.open()) {
        const command = JSON.parse(row.body) as Command;
        const setting = options.settingOf(command.device);
        if (setting !== null && row.state === 'held') holds.resume(command, setting, row);
        if (setting !== null && row.state !== 'held' && row.state !== 'accepted') undo.resume(command, setting);
        if (setting !== null && (row.state === 'held' || row.state === 'undoing')) continue;
        const code = undo.has(command) ? 'edge.command-still-in-force: ' : '';
        await receipts.finish(command, 'failed', { reason: `${code}the agent was restarted while it executed this` });
      }
    },
  };
}

/** Permission withheld is always safe; to lift a limit is not. */
function isSafeWithoutTime({ kind, value }: Command): boolean {
  return kind === 'setRelay' && value === 0;
}

type Parts = {
  readonly holds: Holds;
  readonly undo: Undo;
  readonly receipts: ReturnType<typeof createReceipts>;
};

/** Writes, reads back, and holds; or takes back what may have been written. */
function createAct(
  { memory, observePauseMs = OBSERVE_PAUSE_MS }: Pick<ExecutorOptions, 'memory' | 'observePauseMs'>,
  { holds, undo, receipts }: Parts,
) {
  const act = async (command: Command, setting: Setting, lease: Lease) => {
    await receipts.tell(command, 'accepted');
    await memory.setState(command.id, 'written');
    let observed: number | null = null;
    try {
      const wanted = await write(command, setting);
      await receipts.tell(command, 'written');
      observed = await observe(setting, { wanted, pauseMs: observePauseMs });
      if (!isMet(observed, wanted)) {
        return await fail(command, setting, {
          observed,
          reason: 'edge.command-not-observed: the device shows another value',
        });
      }
    } catch (error) {
      return await fail(command, setting, { reason: reasonOf(error) });
    }
    // Not before: where it fails, the lease that runs is what the device goes back to.
    await holds.replace(command.device, command.id);
    await undo.overrule(command.device, command.id);
    await memory.setState(command.id, holds.begin(command, setting, lease) ? 'held' : 'done');
    await receipts.tell(command, 'confirmed', { observed });
  };
  /** The answer may be lost and not the write: whatever the device may have got is taken back before anything is said. */
  const fail = async (command: Command, setting: Setting, detail: Detail) => {
    // A relay is never switched on because switching it off failed; its lease ends it.
    const isLeft = setting.revertS === null && !isSetting(command) && holds.valueOf(command.device) !== null;
    if (isLeft) return await receipts.finish(command, 'failed', detail);
    const { words } = await undo.begin(command, setting);
    await receipts.finish(command, 'failed', { ...detail, reason: `${detail.reason ?? ''}; ${words}` });
  };
  return act;
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

/** `progressOf`: how a command that has failed goes on. */
function createReceipts(
  { memory, report }: Pick<ExecutorOptions, 'memory' | 'report'>,
  progressOf: (command: Command) => CommandProgress,
) {
  const tell = ({ id, device }: Command, state: ReceiptEvent['state'], detail: Detail = {}) =>
    report(device, {
      command: id,
      state,
      observed: detail.observed ?? null,
      reason: (detail.reason ?? '').slice(0, 500),
    });
  const finish = async (command: Command, state: 'failed' | 'expired', detail: Detail) => {
    await memory.setState(command.id, progressOf(command));
    await tell(command, state, detail);
  };
  return { tell, finish };
}

/** Whether it asks for something, other than ending what was asked for before. */
function isSetting({ kind, value }: Command): boolean {
  return kind !== 'clearPowerLimit' && value !== null && !(kind === 'setRelay' && value === 0);
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
    return setting.rest;
  }
  await setting.set(command.value);
  return command.value;
}
