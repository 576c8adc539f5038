/** Gives and takes a machine's permission to run: on with a session, off only when the session is over and it stands still. */
import { accept, type Clock, type Result } from '@commonworks/core';
import type { CommandRequest, Machine } from '@commonworks/core/api/index.ts';
import { lastCommand } from '../control/command-store.ts';
import type { Db } from '../database.ts';
import type { MachineRecord } from './machine-list.ts';
import type { LookLive } from './machine-views.ts';
import { type MachineState, machineView } from './machine-views.ts';

/** After a failed attempt the next one waits this long, real time times the demo's speed. */
const RETRY_MS = 60_000;

export type RelayKeeperOptions = {
  readonly db: Db;
  readonly issue: (request: CommandRequest, by: { user: string; key: null }) => Promise<Result<string>>;
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
    const wanted = wantedRelay(view);
    if (wanted !== null) await keepRelay(options, machine, wanted);
  }
}

/** A relay that was never switched on by us is not switched off by us either. */
async function keepRelay(options: RelayKeeperOptions, machine: MachineRecord, wanted: 0 | 1): Promise<Result<unknown>> {
  const { relay } = machine;
  if (relay === null) return accept(null);
  const last = await lastCommand(options.db, { ...relay, kind: 'setRelay' });
  const isFailed = last?.state === 'failed' || last?.state === 'expired';
  if (last === undefined && wanted === 0) return accept(null);
  if (last?.value === wanted && !isFailed) return accept(null);
  if (isFailed && options.now() - last.issued_ms < RETRY_MS) return accept(null);
  const reason = wanted === 1 ? `session on ${machine.name}` : `${machine.name}: session over, machine at rest`;
  const request: CommandRequest = { ...relay, kind: 'setRelay', value: wanted, reason, seconds: 60 };
  return await options.issue(request, { user: 'workshop', key: null });
}
