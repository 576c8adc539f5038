/** Devices, alarms and commands of the fixture community; a command lives through its steps in seconds. */
import type { Alarm, CommandRecord, CommandRequest, Device, DeviceValue } from '@commonworks/core/api/index.ts';
import type { CommandState } from '@commonworks/core/commands.ts';
import { flowAt } from './fixture-flow.ts';
import { HOMES } from './fixture-world.ts';

const MINUTE_MS = 60_000;
export const STEPS_AHEAD = ['published', 'accepted', 'written', 'confirmed'] as const satisfies CommandState[];

export function devicesAt(nowMs: number): Device[] {
  const roof = { edge: 'edge-roof', edgeName: 'roof', backlog: 0 };
  const workshop = { edge: 'edge-workshop', edgeName: 'workshop', backlog: 1 };
  const flow = flowAt(nowMs);
  const powerOf = (kind: string) => flow.nodes.find((node) => node.kind === kind)?.powerW ?? 0;
  const power = (value: number) => reading('activePowerW', 'Active power', { unit: 'W', value, nowMs });
  const imported = (value: number) =>
    reading('importedWh', 'Imported energy (OBIS 1.8.0)', { unit: 'Wh', value, nowMs });
  return [
    online(roof, 'pv-1', {
      ...{
        title: 'Solar inverter',
        profile: 'sunspec-inverter',
        nowMs,
        commands: ['setPowerLimitPct', 'clearPowerLimit'],
      },
      values: [
        power(powerOf('sun')),
        reading('activePowerLimitPct', 'Active power limit', { unit: '/100', value: 100, nowMs }),
      ],
    }),
    online(roof, 'bat-1', {
      ...{ title: 'Battery', profile: 'sunspec-battery', nowMs },
      values: [
        power(powerOf('battery')),
        reading('socPct', 'State of charge', { unit: '%EL', value: flow.socPct ?? 0, nowMs }),
      ],
    }),
    online(roof, 'grid-1', {
      ...{ title: 'Grid meter', profile: 'eastron-sdm630', nowMs },
      values: [
        power(powerOf('grid')),
        imported(18_223_104.5),
        reading('frequencyHz', 'Frequency', { unit: 'Hz', value: 49.98, nowMs }),
      ],
    }),
    ...HOMES.map((home, index) =>
      online(roof, `home-${index + 1}`, {
        ...{ title: `Home of ${home}`, profile: index === 8 ? 'dsmr-p1' : 'eastron-sdm120', nowMs },
        values: [power(powerOf('homes') / HOMES.length), imported(8_412_337.25 + index * 1_000)],
      }),
    ),
    online(workshop, 'laser-1', {
      ...{ title: 'Laser cutter, meter and relay', profile: 'eastron-sdm120', nowMs, commands: ['setRelay'] },
      values: [power(1_840), reading('relayOn', 'Relay: 1 on, 0 off', { unit: '/', value: 1, nowMs })],
    }),
    {
      ...online(workshop, 'saw-1', {
        ...{ title: 'Panel saw, meter', profile: 'eastron-sdm120', nowMs: nowMs - 190 * MINUTE_MS },
        values: [{ ...power(0), value: null, quality: 'stale', timeMs: nowMs - 190 * MINUTE_MS }],
      }),
      ...{
        state: 'unreachable',
        isStale: true,
        quality: 'stale',
        reason: 'No answer at Modbus address 14 for three hours.',
      },
    },
  ];
}

type Seed = {
  readonly title: string;
  readonly profile: string;
  readonly nowMs: number;
  readonly values: Device['values'];
  readonly commands?: Device['commands'];
};

function online(edge: { edge: string; edgeName: string; backlog: number }, device: string, seed: Seed): Device {
  const { title, profile, nowMs, values, commands = [] } = seed;
  return {
    ...{ ...edge, device, title, profile, state: 'online', reason: '', lastSeenMs: nowMs - 2_000, isStale: false },
    ...{ quality: 'good', values, commands },
  };
}

function reading(point: string, title: string, of: { unit: string; value: number; nowMs: number }): DeviceValue {
  return { point, title, unit: of.unit, value: of.value, quality: 'good', timeMs: of.nowMs - 2_000 };
}

export function alarmsAt(nowMs: number): Alarm[] {
  return [
    {
      ...{ id: 'a1', code: 'edge.device-unreachable', severity: 'alarm', subject: 'Panel saw, meter' },
      message: 'The meter has not answered for three hours. Its energy is missing meanwhile, not zero.',
      remedy: 'Check its power and the two wires of the bus; then the address in the edge configuration.',
      ...{ sinceMs: nowMs - 190 * MINUTE_MS, untilMs: null },
    },
    {
      ...{ id: 'a2', code: 'edge.link-lost', severity: 'warning', subject: 'Edge workshop' },
      message: 'The connection was lost for 42 seconds. Nothing was lost: the outbox kept it.',
      remedy: 'Nothing to do. If it comes often, look at the network.',
      ...{ sinceMs: nowMs - 900 * MINUTE_MS, untilMs: nowMs - 899 * MINUTE_MS },
    },
  ];
}

export function commandOf(
  request: CommandRequest,
  requestedBy: string,
  at: { id: string; nowMs: number },
): CommandRecord {
  return {
    ...{ id: at.id, edge: request.edge, device: request.device, kind: request.kind, value: request.value },
    ...{ reason: request.reason, requestedBy, state: 'requested', observed: null },
    expiresMs: at.nowMs + MINUTE_MS,
    steps: [{ state: 'requested', atMs: at.nowMs, detail: '' }],
  };
}

export function stepOn(command: CommandRecord, state: CommandState, nowMs: number): CommandRecord {
  const isLast = state === 'confirmed';
  const detail = isLast ? 'The device reports the same value.' : '';
  return {
    ...command,
    state,
    observed: isLast ? command.value : null,
    steps: [...command.steps, { state, atMs: nowMs, detail }],
  };
}
