/** What our nodes find in Node-RED's settings under `commonworks`; the editor never sees it. */
import type { Clock } from '@commonworks/core';
import type { AskForCommand } from './ask-for-command.ts';
import type { LiveReadings } from './live-readings.ts';
import type { SetpointConfig } from './setpoint.ts';
import { Setpoint } from './setpoint.ts';

export type FlowServices = {
  readonly readings: Pick<LiveReadings, 'subscribe' | 'watch' | 'edgeOf'>;
  readonly openSetpoint: (config: SetpointConfig) => Setpoint;
};

export function flowServices(ports: { readings: LiveReadings; ask: AskForCommand; now: Clock }): FlowServices {
  const { readings, ask, now } = ports;
  const edgeOf = (device: string) => readings.edgeOf(device);
  return { readings, openSetpoint: (config) => new Setpoint(config, { ask, edgeOf, now }) };
}
