/** Fills an empty database from seed.yaml, in one transaction and only once. */
import { CodedError } from '@commonworks/core';
import type { Seed } from '@commonworks/core/seed.ts';
import type { Db } from '../database.ts';
import { transferShares } from './holdings.ts';
import { insertMachine } from './machines.ts';
import { addMember } from './members.ts';
import { addPoint, assignDevice } from './points.ts';
import { addTariff } from './tariffs.ts';

/** Other folders seed their own tables (bookings) in the same transaction. */
export type SeedStep = (tx: Db, seed: Seed) => Promise<void>;

/**
 * False when the register already holds anything: then nothing is done.
 * @throws CodedError `community.seed-invalid` when the seed contradicts itself.
 */
export async function applySeed(db: Db, seed: Seed, options: { community: string; also?: SeedStep }): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    if (await holdsAnything(tx)) return false;
    try {
      await seedPeople(tx, seed, options.community);
      await seedPlaces(tx, seed, options.community);
      await options.also?.(tx, seed);
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      throw new CodedError('community.seed-invalid', `seed.yaml contradicts itself: ${String(cause)}`, { cause });
    }
    return true;
  });
}

async function holdsAnything(tx: Db): Promise<boolean> {
  for (const table of ['member', 'metering_point', 'edge', 'machine', 'tariff'] as const) {
    if ((await tx.selectFrom(table).select('id').limit(1).execute()).length > 0) return true;
  }
  return false;
}

async function seedPeople(tx: Db, seed: Seed, community: string): Promise<void> {
  for (const member of seed.members) await addMember(tx, { community, ...member });
  for (const transfer of seed.transfers.toSorted((a, b) => a.atMs - b.atMs)) {
    const result = await transferShares(tx, { community, ...transfer });
    if (!result.ok) throw new CodedError('community.seed-invalid', `seed.yaml: transfers: ${result.message}`);
  }
  for (const { badge, member } of seed.badges) {
    await tx.insertInto('badge').values({ badge, community, member, revoked_ms: null }).execute();
  }
}

async function seedPlaces(tx: Db, seed: Seed, community: string): Promise<void> {
  for (const { id, name, secretHash } of seed.edges) {
    await tx.insertInto('edge').values({ community, id, name, secret_hash: secretHash }).execute();
  }
  for (const { assignments, ...point } of seed.meteringPoints) {
    await addPoint(tx, { community, ...point });
    for (const assignment of assignments) await assignDevice(tx, point.id, assignment);
  }
  for (const tariff of seed.tariffs) await addTariff(tx, community, tariff);
  for (const machine of seed.machines) await insertMachine(tx, { community, ...machine });
}
