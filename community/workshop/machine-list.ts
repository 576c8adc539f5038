/** The machines of the register, with the settings that only the workshop knows. */
import { DEFAULT_THRESHOLDS, type PowerThresholds } from '@commonworks/core/workshop/index.ts';
import type { Db } from '../database.ts';

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
