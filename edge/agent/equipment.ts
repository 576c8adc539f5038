/** Everything a configuration names, opened: lines to read, settings to command, and their description. */
import type { DeviceDescription } from '@commonworks/core';
import type { Setting } from '../command/setting.ts';
import type { LoadedConfig } from '../config/load.ts';
import { createModbusLine } from './modbus-line.ts';
import type { Line } from './source.ts';
import { createMachineLine, createP1Line, type StreamContext, startReader } from './stream-lines.ts';

export type Equipment = {
  readonly lines: readonly Line[];
  readonly settings: ReadonlyMap<string, Setting>;
  readonly descriptions: readonly DeviceDescription[];
};

export function openEquipment({ config, badgeKey }: LoadedConfig, context: StreamContext): Equipment {
  const modbus = (config.buses ?? []).map((bus) => createModbusLine(bus, context.signal));
  const p1 = (config.p1 ?? []).map((entry) => createP1Line(entry, context));
  const machines = (config.machines ?? []).map((entry) => createMachineLine(entry, context));
  const readers = config.readers ?? [];
  if (badgeKey !== null) for (const reader of readers) startReader(reader, badgeKey, context);
  const lines: Line[] = [...modbus, ...p1, ...machines];
  return {
    lines,
    settings: new Map(modbus.flatMap((line) => [...line.settings])),
    descriptions: [
      ...lines.flatMap((line) =>
        line.sources.map(({ device, profile, title, points, commands, periodMs }) => {
          return { device, profile, title, points: [...points], commands: [...commands], periodMs };
        }),
      ),
      ...readers.map(({ device, title, protocol }) => {
        return { device, profile: protocol, title, points: [], commands: [], periodMs: 0 };
      }),
    ],
  };
}
