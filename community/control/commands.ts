/** The way of a command on the server's side: checked, signed, written down, sent; its receipts come back by the log. */
import type { KeyObject } from 'node:crypto';
import { accept, type Clock, type Command, type Result, refuse } from '@commonworks/core';
import type { CommandRecord, CommandRequest } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';
import type { LiveValuesStore } from '../live/live-values.ts';
import { newId } from '../new-id.ts';
import { addStep, findCommand, insertCommand, overdueCommands, type Step } from './command-store.ts';
import { type Key, once } from './idempotency.ts';
import { signCommand } from './sign-command.ts';

/** A command not executed by then is not executed at all; in real seconds, so times the demo's speed. */
const LIFE_MS = 60_000;
/** A receipt may be under way when the time is up. */
const EXPIRY_GRACE_MS = 30_000;

export type CommandsOptions = {
  readonly db: Db;
  readonly community: string;
  readonly key: KeyObject;
  readonly live: LiveValuesStore;
  readonly link: { isConnected(): boolean; publishCommand(edge: string, text: string): Promise<void> };
  readonly now: Clock;
  readonly speed: () => number;
  readonly onChange: (id: string) => void;
};

/** `isLasting`: no lease; only for whoever watches over the device and will end it. */
export type Issuer = { readonly user: string; readonly key: Key | null; readonly isLasting?: boolean };

export type Commands = ReturnType<typeof createCommands>;

export function createCommands(options: CommandsOptions) {
  const { db, link, now } = options;

  async function record(id: string, step: Step): Promise<void> {
    const isNews = await db.transaction().execute((tx) => addStep(tx, id, step));
    if (isNews) options.onChange(id);
  }

  /** Written down first, then sent: what was sent is always known here. */
  async function issue(request: CommandRequest, by: Issuer): Promise<Result<string>> {
    const checked = checkRequest(request, options.live);
    if (!checked.ok) return checked;
    if (!link.isConnected())
      return refuse('control.broker-unreachable', 'the broker is not connected; nothing was sent');
    const issuedMs = Math.trunc(now());
    const command = toCommand(request, { issuedMs, community: options.community, speed: options.speed(), ...by });
    const signed = signCommand(command, options.key);
    const made = await db.transaction().execute((tx) =>
      once(tx, by.key, {
        nowMs: issuedMs,
        make: async () => {
          await insertCommand(tx, { command, signed, reason: request.reason, requestedBy: by.user });
          return command.id;
        },
      }),
    );
    if (!made.isNew) return accept(made.id);
    options.onChange(command.id);
    try {
      await link.publishCommand(command.edge, JSON.stringify(signed));
      await record(command.id, { state: 'published', atMs: Math.trunc(now()), detail: 'sent to the broker' });
    } catch (error) {
      await record(command.id, { state: 'failed', atMs: Math.trunc(now()), detail: String(error) });
    }
    return accept(made.id);
  }

  return {
    issue,
    find: (id: string): Promise<CommandRecord | null> => findCommand(db, id),
    /** Call every few seconds: what nobody answered for is expired. */
    async expireOverdue(): Promise<void> {
      const nowMs = Math.trunc(now());
      for (const id of await overdueCommands(db, nowMs, EXPIRY_GRACE_MS * options.speed())) {
        await record(id, { state: 'expired', atMs: nowMs, detail: 'no word from the edge in time' });
      }
    },
  };
}

function checkRequest(request: CommandRequest, live: LiveValuesStore): Result<null> {
  const device = live.announced(request.edge, request.device);
  if (device === undefined)
    return refuse('control.device-unknown', `${request.device} has not been announced by an edge`);
  if (!device.commands.includes(request.kind)) {
    return refuse('control.command-unsupported', `${request.device} does not take ${request.kind}`);
  }
  const fault = valueFault(request);
  return fault === null ? accept(null) : refuse('control.value-out-of-range', fault);
}

function valueFault({ kind, value }: CommandRequest): string | null {
  switch (kind) {
    case 'setPowerLimitPct':
      return value !== null && value >= 0 && value <= 100 ? null : 'a power limit is 0 to 100 percent';
    case 'setRelay':
      return value === 0 || value === 1 ? null : 'a relay is 0 (off) or 1 (on)';
    case 'clearPowerLimit':
      return value === null ? null : 'clearing a limit takes no value';
    default:
      return kind satisfies never;
  }
}

function toCommand(
  request: CommandRequest,
  at: { issuedMs: number; community: string; speed: number; isLasting?: boolean },
): Command {
  const { edge, device, kind, value } = request;
  // What takes nothing and limits nothing has nothing to end.
  const isLeased = kind === 'setPowerLimitPct' || (kind === 'setRelay' && value === 1 && at.isLasting !== true);
  return {
    id: newId(at.issuedMs),
    community: at.community,
    edge,
    device,
    kind,
    value,
    issuedMs: at.issuedMs,
    expiresMs: at.issuedMs + Math.round(LIFE_MS * at.speed),
    leaseUntilMs: isLeased ? at.issuedMs + request.seconds * 1000 : null,
  };
}
