/** One bus of the configuration as a line of sources, and what can be set on its devices. */
import { isCoded } from '@commonworks/core';
import { type Bus, createBus } from '../bus/bus.ts';
import { createPowerLimit } from '../command/power-limit.ts';
import { createRelay } from '../command/relay.ts';
import type { Setting } from '../command/setting.ts';
import { PERIOD_MS } from '../config/load.ts';
import type { BusConfig, DeviceConfig } from '../config/schema.ts';
import { loadProfile } from '../profile/load.ts';
import type { ModbusProfile, SunspecProfile } from '../profile/schema.ts';
import { createDeviceReader, type DeviceReader } from '../read/device-reader.ts';
import { keptPoints, type Line, needsEnergy, profilePoints, type Source } from './source.ts';

export type ModbusLine = Line & { readonly settings: ReadonlyMap<string, Setting> };

export function createModbusLine(config: BusConfig, signal: AbortSignal): ModbusLine {
  const bus = createBus(config, signal);
  const settings = new Map<string, Setting>();
  const sources = config.devices.map((entry): Source => {
    const profile = loadProfile(entry.profile);
    if (profile.kind === 'p1') throw new TypeError('a P1 meter is not on a Modbus line');
    const reader = createDeviceReader(profile, entry.unit);
    const setting = createSetting({ bus, entry, profile, reader });
    if (setting !== null) settings.set(entry.device, setting);
    return {
      device: entry.device,
      title: entry.title,
      profile: entry.profile,
      points: profilePoints(profile),
      commands: setting?.kinds ?? [],
      periodMs: entry.periodMs ?? PERIOD_MS,
      kept: keptPoints(profile),
      needsEnergy: needsEnergy(profile),
      identify: () => bus.exchange(entry.unit, reader.identify),
      read: async () => ({ timeMs: null, readings: await readTwice(bus, entry.unit, reader) }),
    };
  });
  return { name: config.name, sources, settings };
}

/** A reply spoilt by noise is asked for again at once: the device is there. */
async function readTwice(bus: Bus, unit: number, reader: DeviceReader) {
  try {
    return await bus.exchange(unit, reader.read);
  } catch (error) {
    if (!isCoded(error, 'edge.modbus-corrupt') && !isCoded(error, 'edge.modbus-foreign-unit')) throw error;
    return await bus.exchange(unit, reader.read, true);
  }
}

type SettingContext = {
  readonly bus: Bus;
  readonly entry: DeviceConfig;
  readonly profile: ModbusProfile | SunspecProfile;
  readonly reader: DeviceReader;
};

function createSetting({ bus, entry, profile, reader }: SettingContext): Setting | null {
  const { powerLimit, relay } = profile.controls ?? {};
  if (powerLimit !== undefined) return createPowerLimit({ bus, unit: entry.unit, reader, control: powerLimit });
  if (relay !== undefined) return createRelay({ bus, unit: entry.unit, coil: relay.coil });
  return null;
}
