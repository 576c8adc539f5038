/** Gives and takes a machine's permission to run: on with a session, off only when the session is over and it stands still. */
import { accept, type Clock, type Result } from '@commonworks/core';
import type { CommandRequest, Machine } from '@commonworks/core/api/index.ts';
import { lastCommand } from '../control/command-store.ts';
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
    await keepRelay(options, machine, wantedRelay(view));
  }
}

type LastCommand = Awaited<ReturnType<typeof lastCommand>>;

async function keepRelay(
  options: RelayKeeperOptions,
  machine: MachineRecord,
  wanted: 0 | 1 | null,
): Promise<Result<unknown>> {
  const { relay } = machine;
  if (relay === null) return accept(null);
  const last = await lastCommand(options.db, { ...relay, kind: 'setRelay' });
  const value = nextValue(last, wanted, options.now());
  if (value === null) return accept(null);
  const reason = REASONS[`${wanted}`](machine.name);
  const request: CommandRequest = { ...relay, kind: 'setRelay', value, reason, seconds: LEASE_UNUSED_S };
  return await options.issue(request, { user: 'workshop', key: null, isLasting: true });
}

/** The schema asks for a lease; ours last until we end them. */
const LEASE_UNUSED_S = 60;
const REASONS = {
  1: (name: string) => `session on ${name}`,
  0: (name: string) => `${name}: session over, machine at rest`,
  null: (name: string) => `${name} runs: its power does not end with a lease`,
} as const;

/**
 * What to send, null for nothing. An operator's or a flow's lease holds for its time while the machine rests; once it
 * runs or a session begins, its power must not end with the lease. A relay that was never switched on is not switched off.
 */
function nextValue(last: LastCommand, wanted: 0 | 1 | null, nowMs: number): 0 | 1 | null {
  if (last === undefined) return wanted === 1 ? 1 : null;
  const isFailed = last.state === 'failed' || last.state === 'expired';
  if (isFailed) return nowMs - last.issued_ms < RETRY_MS ? null : wanted;
  const isOn = last.value === 1;
  const isLeased = isOn && last.lease_until_ms !== null;
  const isLeaseRunning = isLeased && nowMs < (last.lease_until_ms ?? 0);
  if (wanted === 1) return isOn && !isLeased ? null : 1;
  if (isLeaseRunning) return wanted === null ? 1 : null;
  return wanted === 0 && isOn && !isLeased ? 0 : null;
}
