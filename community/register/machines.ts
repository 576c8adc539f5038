/** The register's row of a machine: which series tell of it, and what its running hour costs. */
import type { Seed } from '@commonworks/core/seed.ts';
import type { Db } from '../database.ts';

export type RegisterMachine = Seed['machines'][number] & { readonly community: string };

export async function insertMachine(db: Db, machine: RegisterMachine): Promise<void> {
  await db
    .insertInto('machine')
    .values({
      community: machine.community,
      id: machine.id,
      name: machine.name,
      kind: machine.kind,
      activity_edge: machine.activity.edge,
      activity_device: machine.activity.device,
      meter_edge: machine.meter?.edge ?? null,
      meter_device: machine.meter?.device ?? null,
      relay_edge: machine.relay?.edge ?? null,
      relay_device: machine.relay?.device ?? null,
      price_per_hour: machine.pricePerHour,
    })
    .execute();
}
