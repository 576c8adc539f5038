/** Faults on demand: what the next replies of a device suffer, for tests and for showing what the edge makes of it. */
import type { WireFault } from '@commonworks/core/demo-clock.ts';

export type ActiveFault = { readonly kind: Exclude<WireFault, 'clear'>; readonly delayMs: number };

export type Faults = {
  readonly set: (device: string, fault: WireFault, options: { count: number; delayMs?: number | undefined }) => void;
  /** Uses up one of the device's faults; null when it is well. */
  readonly take: (device: string) => ActiveFault | null;
};

export function createFaults(): Faults {
  const active = new Map<string, ActiveFault & { left: number }>();
  return {
    set: (device, fault, { count, delayMs }) => {
      if (fault === 'clear') active.delete(device);
      else active.set(device, { kind: fault, delayMs: delayMs ?? 0, left: count });
    },
    take: (device) => {
      if (active.size === 0) return null;
      const fault = active.get(device);
      if (fault === undefined) return null;
      fault.left -= 1;
      if (fault.left <= 0) active.delete(device);
      return fault;
    },
  };
}
