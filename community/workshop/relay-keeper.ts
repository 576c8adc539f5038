/** Gives and takes a machine's permission to run: on with a session, off only when the session is over and it stands still. */
import { accept, type Clock, type Result } from '@commonworks/core';
import type { CommandRequest, Machine } from '@commonworks/core/api/index.ts';
import { type LastCommands, lastCommands } from '../control/command-store.ts';
import type { Issuer } from '../control/commands.ts';
import type { Db } from '../database.ts';
import type { MachineRecord } from './machine-list.ts';
import type { LookLive } from './machine-views.ts';
import { type MachineState, machineView } from './machine-views.ts';

/** After a failed attempt the next one waits this long, real time times the demo's speed. */
const RETRY_MS = 60_000;

export type RelayKeeperOptions = {
  readonly db: Db;
  readonly issue: (request: CommandRequest, by: Issuer) => Promise<Result<string>>;
  readonly now: Clock;
  readonly speed: () => number;
};

/**
 * What the relay should be: 1 in a session, 0 when nobody is badged in and the machine is known to stand still, null:
 * leave it. A running machine is never switched off, nor one of which nobody knows what it does.
 */
export function wantedRelay(machine: Pick<Machine, 'occupancy' | 'activity'>): 0 | 1 | null {
  if (machine.occupancy === 'in-session') return 1;
  return machine.activity === 'idle' || machine.activity === 'off' ? 0 : null;
}

/** Compares and commands, machine by machine. Call after every change and every few seconds. */
export async function keepRelays(options: RelayKeeperOptions, state: MachineState, live: LookLive): Promise<void> {
  for (const machine of state.machines) {
    if (machine.relay === null) continue;
    const view = machineView(state, machine, { viewer: { member: null, seesNames: false }, live });
    await keepRelay(options, machine, { wanted: wantedRelay(view), isBusy: isBusy(view.activity) });
  }
}

type Look = { readonly wanted: 0 | 1 | null; readonly isBusy: boolean };

function isBusy(activity: Machine['activity']): boolean {
  return activity === 'running' || activity === 'hold' || activity === 'alarm';
}

async function keepRelay(options: RelayKeeperOptions, machine: MachineRecord, look: Look): Promise<Result<unknown>> {
  const { relay } = machine;
  if (relay === null) return accept(null);
  const last = await lastCommands(options.db, { ...relay, kind: 'setRelay' });
  const next = nextCommand(last, look, { nowMs: options.now(), speed: options.speed() });
  if (next === null) return accept(null);
  const { value, leaseS } = next;
  const reason = reasonFor(machine.name, next);
  const request: CommandRequest = { ...relay, kind: 'setRelay', value, reason, seconds: leaseS ?? LEASE_UNUSED_S };
  return await options.issue(request, { user: 'workshop', key: null, isLasting: leaseS === null });
}

/** The schema asks for a lease, also of what lasts until we end it. */
const LEASE_UNUSED_S = 60;
const LEASE_MAX_S = 86_400;
/** A machine that runs on somebody's lease gets more time, again and again, this long before it would lose its power. */
const EXTEND_BEFORE_MS = 150_000;
const EXTEND_S = 300;

/** `leaseS` null: until we end it. */
type Next = { readonly value: 0 | 1; readonly leaseS: number | null };

function reasonFor(name: string, { value, leaseS }: Next): string {
  if (leaseS !== null) return `${name} runs: it gets more time`;
  return value === 1 ? `session on ${name}` : `${name}: session over, machine at rest`;
}

/**
 * What to send, null for nothing. In a session the power lasts; after it the relay is switched off when the machine
 * rests. A lease of an operator or a flow holds for its time and ends by itself; it is extended while the machine is seen
 * to run. A relay that was never switched on is not switched off.
 */
function nextCommand(last: LastCommands, look: Look, at: { nowMs: number; speed: number }): Next | null {
  const { newest, inForce } = last;
  const { nowMs, speed } = at;
  const failed = newest !== undefined && newest.id !== inForce?.id ? newest : null;
  if (failed !== null && nowMs - failed.issued_ms < RETRY_MS * speed) return null;
  const isOn = inForce?.value === 1 && inForce.state !== 'reverted';
  const leaseMs = inForce?.lease_until_ms ?? null;
  const isLasting = isOn && leaseMs === null;
  if (look.wanted === 1) return isLasting && failed === null ? null : { value: 1, leaseS: null };
  if (isOn && leaseMs !== null && nowMs < leaseMs) {
    const isEnding = leaseMs - nowMs < EXTEND_BEFORE_MS * speed;
    return look.isBusy && isEnding ? { value: 1, leaseS: Math.min(EXTEND_S * Math.ceil(speed), LEASE_MAX_S) } : null;
  }
  // One that failed may have reached the relay all the same.
  const mayLast = isLasting || (failed?.value === 1 && failed.lease_until_ms === null);
  return look.wanted === 0 && mayLast ? { value: 0, leaseS: null } : null;
}
