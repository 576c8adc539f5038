/** The two agents of the demo: what hangs on which wire. */
import { HOMES } from '../world/cast.ts';
import type { DemoConfig, DemoWire } from './demo-config.ts';

export type DemoEdge = { readonly name: 'roof' | 'workshop'; readonly id: string };

/** The agents' own names: under these they take part in the replay. */
export const AGENT_NAMES: Readonly<Record<DemoEdge['name'], string>> = {
  roof: 'Roof and cellar',
  workshop: 'Workshop',
};

type EdgeFileInput = {
  readonly edge: DemoEdge;
  readonly community: string;
  readonly brokerUrl: string;
  readonly config: DemoConfig;
};

/** A plain value of the shape that an agent's configuration has (edge/config), ready for YAML. */
export function edgeFile(input: EdgeFileInput): Record<string, unknown> {
  const { edge, community, brokerUrl, config } = input;
  return {
    community,
    edge: edge.id,
    name: AGENT_NAMES[edge.name],
    brokerUrl,
    secretFile: `${edge.name}.secret`,
    communityKeyFile: '../keys/community.pub.pem',
    outboxFile: `${edge.name}.outbox.db`,
    ...(edge.name === 'roof' ? roof(config) : workshop(config)),
  };
}

const at = (config: DemoConfig, wire: DemoWire) => ({ host: '127.0.0.1', port: config.ports[wire] });

function roof(config: DemoConfig): Record<string, unknown> {
  const onLine = HOMES.filter((habit) => habit.home !== 'home-9');
  const meters = onLine.map((habit, i) => ({
    device: habit.home,
    title: `Home ${i + 1}`,
    profile: habit.isThreePhase ? 'eastron-sdm630' : 'eastron-sdm120',
    unit: 11 + i,
  }));
  const grid = { device: 'grid-1', title: 'Grid connection', profile: 'eastron-sdm630', unit: 1 };
  const pv = { device: 'pv-1', title: 'Solar plant', profile: 'sunspec-inverter', unit: 1 };
  const battery = { device: 'bat-1', title: 'Battery', profile: 'sunspec-battery', unit: 1 };
  return {
    buses: [
      { name: 'pv', kind: 'modbus-tcp', ...at(config, 'pv'), devices: [pv] },
      { name: 'battery', kind: 'modbus-tcp', ...at(config, 'battery'), devices: [battery] },
      { name: 'homes', kind: 'modbus-rtu-tcp', ...at(config, 'homesLine'), devices: [grid, ...meters] },
    ],
    p1: [{ device: 'home-9', title: 'Home 9', link: at(config, 'p1'), zone: 'Europe/Vienna' }],
  };
}

function workshop(config: DemoConfig): Record<string, unknown> {
  const devices = [
    { device: 'laser-1', title: "Laser cutter's meter", profile: 'eastron-sdm120', unit: 1 },
    { device: 'laser-1-relay', title: "Laser cutter's relay", profile: 'generic-relay', unit: 2 },
    { device: 'cnc-1-meter', title: "CNC mill's meter", profile: 'eastron-sdm120', unit: 3 },
    { device: 'boiler-1-meter', title: "Boiler's meter", profile: 'eastron-sdm120', unit: 4 },
    { device: 'boiler-1', title: "Boiler's relay", profile: 'generic-relay', unit: 5 },
  ];
  return {
    badgeKeyFile: '../keys/badge.key',
    buses: [{ name: 'workshop', kind: 'modbus-rtu-tcp', ...at(config, 'workshopLine'), devices }],
    machines: [{ device: 'cnc-1', title: 'CNC mill', firmware: 'grbl', link: at(config, 'cnc') }],
    readers: [{ device: 'badge-1', title: 'Badge reader', protocol: 'uid-line', link: at(config, 'badge') }],
  };
}
