/** Machines: power only with a session, a lease, an order of somebody, or while they still run. */
import { auditKey, type Check, type Fault, lastSlice } from '@commonworks/core/audit/index.ts';
import { lastCommands } from '../control/command-store.ts';
import type { Db } from '../database.ts';
import { listMachines } from '../workshop/machine-list.ts';
import type { Looking } from './looking.ts';

/** What the live lane says; null for what is not fresh. Without an entry nobody is listening. */
export type RelaySeen = { readonly machine: string; readonly isOn: boolean | null; readonly isAtRest: boolean };

export type RelaysCheckOptions = {
  readonly everyMs: number;
  readonly seen: () => readonly RelaySeen[];
  readonly nowMs: () => number;
  /** In the time of `nowMs`: the relay keeper switches a relay off within this. */
  readonly graceMs: () => number;
};

export function createRelaysCheck({ inOneMoment }: Looking, options: RelaysCheckOptions): Check {
  /** Since when a machine has power and nothing says why. */
  const since = new Map<string, number>();
  const look = async (db: Db) => {
    const nowMs = options.nowMs();
    const seen = new Map(options.seen().map((one) => [one.machine, one]));
    const open = new Set(
      (await db.selectFrom('session').select('machine').where('end_ms', 'is', null).execute()).map(
        (row) => row.machine,
      ),
    );
    const faults: Fault[] = [];
    const machines = (await listMachines(db)).filter(({ relay }) => relay !== null);
    for (const [at, { id, name, relay }] of machines.entries()) {
      if (relay === null) continue;
      const { inForce } = await lastCommands(db, { ...relay, kind: 'setRelay' });
      const isAllowed = open.has(id) || mayHavePower(inForce, seen.get(id), nowMs);
      if (isAllowed) since.delete(id);
      else if (!since.has(id)) since.set(id, nowMs);
      if (isAllowed || nowMs - (since.get(id) ?? nowMs) < options.graceMs()) continue;
      const message = `${name} has power, and no session, no lease and no order of anybody says so`;
      faults.push({ at: auditKey(at + 1), subject: name, message });
    }
    return lastSlice(machines.length, faults);
  };
  return { name: 'relays', invariant: 'relays', everyMs: options.everyMs, look: () => inOneMoment(look) };
}

type InForce = Awaited<ReturnType<typeof lastCommands>>['inForce'];

function mayHavePower(inForce: InForce, seen: RelaySeen | undefined, nowMs: number): boolean {
  const isOrdered = inForce?.value === 1 && inForce.state !== 'reverted';
  const leaseMs = inForce?.lease_until_ms ?? null;
  const isOn = seen?.isOn ?? (isOrdered && leaseMs === null && seen?.isAtRest === true);
  if (!isOn) return true;
  if (!isOrdered) return false;
  if (leaseMs !== null) return nowMs < leaseMs;
  // A session's order lasts until the machine is known to stand still; one of a person until that person ends it.
  return inForce?.requested_by !== 'workshop' || seen?.isAtRest !== true;
}
