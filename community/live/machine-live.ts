/** What the live lane says of a machine: its controller's word, or what its power tells. */
import { ACTIVITIES } from '@commonworks/core';
import { activityFromPower } from '@commonworks/core/workshop/index.ts';
import type { LookLive, MachineState } from '../workshop/machine-views.ts';
import type { LiveValuesStore } from './live-values.ts';

export function liveMachine(values: LiveValuesStore, state: MachineState): LookLive {
  const { nowMs } = state;
  return (machine) => {
    const fresh = (at: { edge: string; device: string } | null, point: string) =>
      at === null ? undefined : values.fresh(at.edge, at.device, { point, nowMs })?.value;
    const said = ACTIVITIES.find((activity) => activity === fresh(machine.activity, 'activity'));
    const drawnW = fresh(machine.meter ?? machine.activity, 'activePowerW');
    const powerW = typeof drawnW === 'number' ? drawnW : null;
    if (said !== undefined) return { activity: said, powerW };
    const ownW = fresh(machine.activity, 'activePowerW');
    if (typeof ownW !== 'number') return { activity: null, powerW };
    const before = state.watched.get(machine.id)?.activity ?? 'unknown';
    return { activity: activityFromPower(before, ownW, machine.thresholds), powerW };
  };
}
