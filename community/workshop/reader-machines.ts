/** Which machines a badge reader speaks for. */
import type { MachineRecord } from './machine-list.ts';

/** `reader` is the name that its events carry, `device` the one the edge reads it by: mostly the same. */
export type Reader = { readonly edge: string; readonly device: string; readonly reader: string };

/** Those with this reader of their own, else the one named like it, else every machine at the reader's edge. */
export function machinesAtReader(
  { edge, device, reader }: Reader,
  machines: readonly MachineRecord[],
): MachineRecord[] {
  const own = machines.filter((machine) => machine.reader?.edge === edge && machine.reader.device === device);
  if (own.length > 0) return own;
  const shared = machines.filter((machine) => machine.reader === null && machine.activity.edge === edge);
  const named = shared.filter(({ activity, meter }) => [activity.device, meter?.device].includes(reader));
  return named.length > 0 ? named : shared;
}
