/** Which machines have power and which stand still, as the live lane says. */
import type { CommunityLive } from '../live/community-live.ts';
import { liveMachine } from '../live/machine-live.ts';
import { type MachineState, machineView } from '../workshop/machine-views.ts';
import { wantedRelay } from '../workshop/relay-keeper.ts';
import type { RelaySeen } from './check-relays.ts';

export function seenRelays({ values }: CommunityLive, state: MachineState): RelaySeen[] {
  return state.machines.flatMap((machine): RelaySeen[] => {
    const { relay } = machine;
    if (relay === null) return [];
    const value = values.fresh(relay.edge, relay.device, { point: 'relayOn', nowMs: state.nowMs })?.value;
    const viewer = { member: null, seesNames: false };
    const { activity } = machineView(state, machine, { viewer, live: liveMachine(values, state) });
    const isAtRest = wantedRelay({ occupancy: 'free', activity }) === 0;
    return [{ machine: machine.id, isOn: typeof value === 'number' ? value === 1 : null, isAtRest }];
  });
}
