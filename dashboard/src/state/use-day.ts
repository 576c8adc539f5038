/** A day of the community's energy, fetched again when a quarter hour has passed. */
import type { EnergyDay } from '@commonworks/core/api/index.ts';
import { intervalStart } from '@commonworks/core/time.ts';
import { useApp } from './app.ts';
import { type Resource, useResource } from './use-resource.ts';

/** Readings of a boundary need a moment to arrive and to be worked out. */
const ARRIVAL_MS = 60_000;

/** Changes once a quarter hour of community time, shortly after it is complete; also after a reconnection. */
export function useQuarterHour(): string {
  const { live } = useApp();
  return `${intervalStart(live.now.value - ARRIVAL_MS)}/${live.generation.value}`;
}

export function useDay(day: string): Resource<EnergyDay> {
  const { api } = useApp();
  const quarter = useQuarterHour();
  return useResource((signal) => api.flowDay(day, { signal }), [day, quarter]);
}
