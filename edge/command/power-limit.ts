/** The active power limit of SunSpec model 123: the device's own revert timer first, then the value, then the switch. */
import { CodedError } from '@commonworks/core';
import type { Bus } from '../bus/bus.ts';
import type { ModbusClient } from '../modbus/client.ts';
import type { PowerLimitControl } from '../profile/schema.ts';
import type { DeviceReader } from '../read/device-reader.ts';
import { scaleFactor } from '../read/plan.ts';
import type { Setting } from './setting.ts';

/** The device reverts this long after the agent or its link died; repeated at half of it. */
const REVERT_S = 300;
const UNLIMITED_PCT = 100;

export type PowerLimitOptions = {
  readonly bus: Bus;
  readonly unit: number;
  readonly reader: DeviceReader;
  readonly control: PowerLimitControl;
};

export function createPowerLimit({ bus, unit, reader, control }: PowerLimitOptions): Setting {
  const exchange = <T>(job: (model: Model) => Promise<T>) =>
    bus.exchange(unit, async (client) => job(await openModel(client, { unit, reader, control })), true);
  return {
    kinds: ['setPowerLimitPct', 'clearPowerLimit'],
    min: control.minPct,
    max: control.maxPct,
    rest: UNLIMITED_PCT,
    revertS: REVERT_S,
    isVolatile: control.storage === 'volatile',
    set: (pct) =>
      exchange(async ({ read, write }) => {
        const factor = await factorOf(read, control);
        await write(control.revertS.offset, REVERT_S);
        // The scale factor applies to writes too: without it 50 % becomes 0.5 %.
        await write(control.value.offset, Math.round(factor < 0 ? pct * 10 ** -factor : pct / 10 ** factor));
        await write(control.enable.offset, 1);
      }),
    release: () => exchange(({ write }) => write(control.enable.offset, 0)),
    observe: () =>
      exchange(async ({ read }) => {
        if ((await read(control.enable.offset)) !== 1) return UNLIMITED_PCT;
        // A limit without its revert timer would outlive us: that is not what was asked for.
        if ((await read(control.revertS.offset)) !== REVERT_S) return null;
        const factor = await factorOf(read, control);
        const raw = await read(control.value.offset);
        return factor < 0 ? raw / 10 ** -factor : raw * 10 ** factor;
      }),
  };
}

type Model = {
  readonly read: (offset: number) => Promise<number>;
  readonly write: (offset: number, value: number) => Promise<void>;
};

async function openModel(
  client: ModbusClient,
  { unit, reader, control }: Omit<PowerLimitOptions, 'bus'>,
): Promise<Model> {
  const places = await reader.models(client);
  const place = places.find((candidate) => candidate.model === control.model);
  if (place === undefined) {
    reader.forgetModels();
    throw new CodedError('edge.sunspec-model-absent', `the device has no model ${control.model}`);
  }
  return {
    read: async (offset) => {
      const words = await client.readRegisters(unit, 'holding', { address: place.address + offset, count: 1 });
      return words[0] ?? 0xffff;
    },
    write: (offset, value) => client.writeRegisters(unit, place.address + offset, [value]),
  };
}

async function factorOf(read: Model['read'], control: PowerLimitControl): Promise<number> {
  const { scaleOffset } = control.value;
  const factor = scaleOffset === undefined ? 0 : scaleFactor([await read(scaleOffset)]);
  if (factor === null) throw new CodedError('edge.command-not-observed', 'the limit has no scale factor');
  return factor;
}
