/** Devices in the order in which somebody who looks for a meter wants them. */
import type { Device, MeteringPoint } from '@commonworks/core/api/index.ts';

const REGISTERS: ReadonlySet<string> = new Set(['importedWh', 'exportedWh']);

/** Meters that measure no point yet, other meters, and what has no energy register: badge readers, machines. */
export function metersFirst(devices: readonly Device[], points: readonly MeteringPoint[] = []): Device[] {
  const rank = (one: Device) => {
    if (!one.values.some(({ point }) => REGISTERS.has(point))) return 2;
    const isTaken = points.some(({ assignments }) =>
      assignments.some(({ edge, device, toMs }) => toMs === null && edge === one.edge && device === one.device),
    );
    return isTaken ? 1 : 0;
  };
  return devices.toSorted((a, b) => rank(a) - rank(b));
}
