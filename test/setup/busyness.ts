/** What is promised for an idle machine, in the time a busy one needs for it. */
import { availableParallelism, loadavg } from 'node:os';

/** As much longer as the load is higher than the cores. */
export function asBusy(idleMs: number): number {
  return idleMs * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
}
