/** Undoing what a failed command may have done to a device: written, read back, and repeated until the device shows it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, type Command, isCoded } from '@commonworks/core';
import type { CommandMemory, ExecutorOptions } from './executor.ts';
import type { Setting } from './setting.ts';

/** A percent register has at most two decimals; a limit is met when it shows within half of a tenth. */
const TOLERANCE = 0.05;
const OBSERVE_ATTEMPTS = 3;
const OBSERVE_PAUSE_MS = 200;
/** A device that does not take it is asked ever more seldom, and never given up: what is in force must end. */
const REST_FIRST_MS = 1000;
const REST_MAX_MS = 60_000;

/** What the device is to show again: the value of the lease that runs, or null for none. */
export type Target = { readonly held: number | null };

export type Outcome = { readonly isUndone: boolean; readonly observed: number | null; readonly words: string };

type Pending = { readonly commands: Command[]; readonly setting: Setting; restMs: number; dueMs: number };

export type Undo = {
  /** Tries at once; what the device does not show is tried again by `serve`, across restarts. */
  readonly begin: (command: Command, setting: Setting) => Promise<Outcome>;
  /** After a restart: what was not undone yet, or was cut short while it was being written. */
  readonly resume: (command: Command, setting: Setting) => void;
  readonly has: (command: Command) => boolean;
  /** A later command was confirmed: what it wrote is what counts. */
  readonly overrule: (device: string, byCommand: string) => Promise<void>;
  readonly due: () => string[];
  readonly serve: (device: string) => Promise<void>;
};

type UndoOptions = Pick<ExecutorOptions, 'report' | 'observePauseMs'> & {
  readonly memory: Pick<CommandMemory, 'setState'>;
  readonly heldValue: (device: string) => number | null;
};

export function createUndo(options: UndoOptions): Undo {
  const { memory, report, heldValue } = options;
  const pauseMs = options.observePauseMs ?? OBSERVE_PAUSE_MS;
  const pending = new Map<string, Pending>();

  const attempt = (device: string, setting: Setting) => restore(setting, { held: heldValue(device) }, pauseMs);
  const finish = async (device: string, observed: number | null, reason: string) => {
    const { commands } = pending.get(device) ?? { commands: [] };
    pending.delete(device);
    for (const { id } of commands) {
      await memory.setState(id, 'done');
      await report(device, { command: id, state: 'reverted', observed, reason });
    }
  };
  const add = (command: Command, setting: Setting, restMs: number) => {
    const commands = [...(pending.get(command.device)?.commands ?? []), command];
    pending.set(command.device, { commands, setting, restMs, dueMs: performance.now() + restMs });
  };
  return {
    begin: async (command, setting) => {
      const outcome = await attempt(command.device, setting);
      if (outcome.isUndone) await finish(command.device, outcome.observed, outcome.words);
      else add(command, setting, REST_FIRST_MS);
      return outcome;
    },
    resume: (command, setting) => add(command, setting, 0),
    has: ({ id, device }) => pending.get(device)?.commands.some((one) => one.id === id) === true,
    overrule: (device, byCommand) => finish(device, null, `replaced by command ${byCommand}`),
    due: () => [...pending].filter(([, { dueMs }]) => performance.now() >= dueMs).map(([device]) => device),
    serve: async (device) => {
      const waiting = pending.get(device);
      if (waiting === undefined || performance.now() < waiting.dueMs) return;
      const { isUndone, observed, words } = await attempt(device, waiting.setting);
      if (isUndone) return finish(device, observed, words);
      waiting.restMs = Math.min(Math.max(waiting.restMs, REST_FIRST_MS / 2) * 2, REST_MAX_MS);
      waiting.dueMs = performance.now() + waiting.restMs;
    },
  };
}

/**
 * Ends a setting and reads back that it has ended.
 * @throws CodedError `edge.command-still-in-force` when the device shows something else, or what the bus throws.
 */
export async function releaseProven(setting: Setting, pauseMs = OBSERVE_PAUSE_MS): Promise<number> {
  await setting.release();
  const observed = await observe(setting, { wanted: setting.rest, pauseMs });
  if (observed !== null && isMet(observed, setting.rest)) return observed;
  throw new CodedError('edge.command-still-in-force', `the device ${shows(observed)}`);
}

/** Looks a few times for the value that was written; returns what was seen last. */
export async function observe(
  setting: Setting,
  { wanted, pauseMs }: { wanted: number; pauseMs: number },
): Promise<number | null> {
  let observed: number | null = null;
  for (let look = 0; look < OBSERVE_ATTEMPTS; look++) {
    observed = await setting.observe();
    if (isMet(observed, wanted)) return observed;
    await sleep(pauseMs);
  }
  return observed;
}

export function isMet(observed: number | null, wanted: number): boolean {
  return observed !== null && Math.abs(observed - wanted) <= TOLERANCE;
}

export function reasonOf(error: unknown): string {
  return isCoded(error) ? `${error.code}: ${error.message}` : String(error);
}

/** What the device shows counts, not how the write went: an answer can be lost, or be an exception after the fact. */
async function restore(setting: Setting, { held }: Target, pauseMs: number): Promise<Outcome> {
  const wanted = held ?? setting.rest;
  let trouble = '';
  try {
    if (held === null) await setting.release();
    else await setting.set(held);
  } catch (error) {
    trouble = ` (${reasonOf(error)})`;
  }
  try {
    const observed = await observe(setting, { wanted, pauseMs });
    if (isMet(observed, wanted)) return { isUndone: true, observed, words: `undone: the device ${shows(observed)}` };
    return { isUndone: false, observed, words: inForce(`the device ${shows(observed)}${trouble}`) };
  } catch (error) {
    return { isUndone: false, observed: null, words: inForce(`it cannot be read back (${reasonOf(error)})`) };
  }
}

function inForce(why: string): string {
  return `edge.command-still-in-force: it may still act, ${why}; undoing goes on`;
}

function shows(observed: number | null): string {
  return observed === null ? 'shows no value that can be trusted' : `shows ${observed}`;
}
