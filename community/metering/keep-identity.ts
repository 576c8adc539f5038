/** Which device it was: serial numbers as they were told, and the moments at which another one began to count. */
import type { Db } from '../database.ts';
import { takeAllowance } from '../edge-budgets/allowance.ts';
import { COMMUNITY_BUDGETS } from '../edge-budgets/community-budgets.ts';
import type { SwapJoin } from '../meter-swap/join-swaps.ts';
import type { IdentityNews } from './decode-entries.ts';
import type { RegisterPart } from './point-register.ts';

type Identity = { readonly time_ms: number; readonly serial: string };

/** Keeps the first and the last telling of each serial in a row. Returns from when on registers may be another meter's; null: nothing new. */
export async function keepIdentity(
  tx: Db,
  { edge, device, timeMs, serial, receivedMs }: IdentityNews,
): Promise<number | null> {
  const before = await tx
    .selectFrom('device_identity')
    .select(['time_ms', 'serial'])
    .where('edge', '=', edge)
    .where('device', '=', device)
    .where('time_ms', '<=', timeMs)
    .orderBy('time_ms', 'desc')
    .limit(2)
    .execute();
  const after = await tx
    .selectFrom('device_identity')
    .select('serial')
    .where('edge', '=', edge)
    .where('device', '=', device)
    .where('time_ms', '>', timeMs)
    .orderBy('time_ms')
    .limit(1)
    .executeTakeFirst();
  const [last, earlier] = before;
  if (last?.time_ms === timeMs) return null;
  if (last?.serial === serial && after?.serial === serial) return null;
  if ((await takeAllowance(tx, { edge, budget: 'identities', atMs: receivedMs })) === 0) return null;
  await tx.insertInto('device_identity').values({ edge, device, time_ms: timeMs, serial }).execute();
  await forgetOldest(tx, edge, device);
  // The row between two tellings of the same serial says nothing more.
  if (last?.serial === serial && earlier?.serial === serial) {
    await tx
      .deleteFrom('device_identity')
      .where('edge', '=', edge)
      .where('device', '=', device)
      .where('time_ms', '=', last.time_ms)
      .execute();
  }
  const isChange = (last !== undefined && last.serial !== serial) || (after !== undefined && after.serial !== serial);
  // The same serial told later narrows the time in which the next one may have come, but only once there is a next one.
  return isChange ? (last?.time_ms ?? timeMs) : null;
}

/** A device that tells another serial number without end keeps the newest: all of them are looked through at each derivation. */
async function forgetOldest(tx: Db, edge: string, device: string): Promise<void> {
  const oldest = await tx
    .selectFrom('device_identity')
    .select('time_ms')
    .where('edge', '=', edge)
    .where('device', '=', device)
    .orderBy('time_ms', 'desc')
    .offset(COMMUNITY_BUDGETS.identitiesPerDevice)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await tx
    .deleteFrom('device_identity')
    .where('edge', '=', edge)
    .where('device', '=', device)
    .where('time_ms', '<=', oldest.time_ms)
    .execute();
}

/**
 * When the meters of an assignment changed, by their serial numbers. A new serial is told some time after the exchange: it
 * is taken to have been made where a person said so, else where the register first fell in between, else when it was told.
 */
export async function serialChanges(tx: Db, part: RegisterPart, joins: readonly SwapJoin[]): Promise<number[]> {
  const { edge, device, fromMs } = part.assignment;
  const rows = await tx
    .selectFrom('device_identity')
    .select(['time_ms', 'serial'])
    .where('edge', '=', edge)
    .where('device', '=', device)
    .where('time_ms', '<', part.toMs)
    .orderBy('time_ms')
    .execute();
  const changes: number[] = [];
  for (const [i, { time_ms, serial }] of rows.entries()) {
    const before = rows[i - 1];
    if (before === undefined || before.serial === serial || time_ms < fromMs) continue;
    const told = joins.find(({ swap }) => swap.time_ms > before.time_ms && swap.time_ms <= time_ms);
    const atMs = told?.swap.time_ms ?? (await firstFall(tx, part, { before, toMs: time_ms })) ?? time_ms;
    if (atMs > fromMs) changes.push(atMs);
  }
  return changes;
}

async function firstFall(
  tx: Db,
  { series, assignment }: RegisterPart,
  { before, toMs }: { before: Identity; toMs: number },
): Promise<number | null> {
  if (series === null) return null;
  const rows = await tx
    .selectFrom('register_sample')
    .select(['time_ms', 'mwh'])
    .where('series_no', '=', series.no)
    .where('time_ms', '>=', Math.max(before.time_ms, assignment.fromMs))
    .where('time_ms', '<=', toMs)
    .orderBy('time_ms')
    .execute();
  return rows.find(({ mwh }, i) => mwh < (rows[i - 1]?.mwh ?? 0))?.time_ms ?? null;
}
