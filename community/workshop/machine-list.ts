/** The machines of the register, with the settings that only the workshop knows. */
import { CodedError } from '@commonworks/core';
import { DEFAULT_THRESHOLDS, type PowerThresholds } from '@commonworks/core/workshop/index.ts';
import type { Db } from '../database.ts';
import { insertMachine } from '../register/machines.ts';

type DeviceRef = { readonly edge: string; readonly device: string };

export type MachineRecord = {
  readonly id: string;
  readonly name: string;
  readonly kind: 'laser' | 'cnc' | 'printer' | 'other';
  /** Where its activity is read: from the controller, or for want of one from its power. */
  readonly activity: DeviceRef;
  readonly meter: DeviceRef | null;
  readonly relay: DeviceRef | null;
  /** Null: every reader at the machine's edge. */
  readonly reader: DeviceRef | null;
  readonly thresholds: PowerThresholds;
  readonly pricePerHour: string;
};

export async function listMachines(db: Db): Promise<MachineRecord[]> {
  const rows = await db
    .selectFrom('machine')
    .leftJoin('machine_setting', 'machine_setting.machine', 'machine.id')
    .selectAll('machine')
    .select(['reader_edge', 'reader_device', 'off_below_w', 'idle_below_w', 'running_from_w'])
    .orderBy('machine.name')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    kind: row.kind,
    activity: { edge: row.activity_edge, device: row.activity_device },
    meter: deviceRef(row.meter_edge, row.meter_device),
    relay: deviceRef(row.relay_edge, row.relay_device),
    reader: deviceRef(row.reader_edge, row.reader_device),
    thresholds: {
      offBelowW: row.off_below_w ?? DEFAULT_THRESHOLDS.offBelowW,
      idleBelowW: row.idle_below_w ?? DEFAULT_THRESHOLDS.idleBelowW,
      runningFromW: row.running_from_w ?? DEFAULT_THRESHOLDS.runningFromW,
    },
    pricePerHour: row.price_per_hour,
  }));
}

function deviceRef(edge: string | null, device: string | null): DeviceRef | null {
  return edge === null || device === null ? null : { edge, device };
}

export type NewMachine = Pick<
  MachineRecord,
  'id' | 'name' | 'kind' | 'activity' | 'meter' | 'relay' | 'pricePerHour'
> & {
  readonly community: string;
  readonly reader?: DeviceRef;
  readonly power?: PowerThresholds;
};

/** Within a transaction. @throws CodedError `http.request-invalid` for thresholds that do not rise. */
export async function addMachine(db: Db, machine: NewMachine): Promise<void> {
  const { reader, power = DEFAULT_THRESHOLDS } = machine;
  if (power.offBelowW > power.idleBelowW || power.idleBelowW > power.runningFromW) {
    throw new CodedError('http.request-invalid', 'power: offBelowW <= idleBelowW <= runningFromW');
  }
  await insertMachine(db, machine);
  await db
    .insertInto('machine_setting')
    .values({
      machine: machine.id,
      reader_edge: reader?.edge ?? null,
      reader_device: reader?.device ?? null,
      off_below_w: power.offBelowW,
      idle_below_w: power.idleBelowW,
      running_from_w: power.runningFromW,
    })
    .execute();
}
