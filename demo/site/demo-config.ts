/** demo.yaml: where the simulated wires listen, chosen once and kept, and the cards of the makers. */

import { CodedError } from '@commonworks/core';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

/** One wire each: the clock, two Modbus TCP devices, two RS-485 lines, the P1 port, the mill's and the reader's serial line. */
export const DEMO_WIRES = ['clock', 'pv', 'battery', 'homesLine', 'p1', 'workshopLine', 'cnc', 'badge'] as const;
export type DemoWire = (typeof DEMO_WIRES)[number];

export const DemoConfig = Type.Object(
  {
    ports: Type.Record(Type.Enum([...DEMO_WIRES]), Port),
    /** UID of each maker's card, upper case hex, by the maker's name in the world. */
    cards: Type.Record(Type.String(), Type.String({ pattern: '^[0-9A-F]{8}$' })),
  },
  { additionalProperties: false },
);
export type DemoConfig = Static<typeof DemoConfig>;

/** @throws CodedError `demo.config-invalid` */
export function parseDemoConfig(value: unknown): DemoConfig {
  if (Value.Check(DemoConfig, value)) return value;
  const faults = [...Value.Errors(DemoConfig, value)].map((error) => `${error.instancePath}: ${error.message}`);
  throw new CodedError('demo.config-invalid', `demo.yaml: ${faults.join('; ')}`);
}

export function wireAddress(config: DemoConfig, wire: DemoWire): string {
  return `127.0.0.1:${config.ports[wire]}`;
}
