/** Reads one Modbus device: few requests, then every point of its profile. */
import { type IdentityEvent, isCoded, type PointName } from '@commonworks/core';
import type { ModbusClient } from '../modbus/client.ts';
import type { ModbusProfile, SunspecProfile } from '../profile/schema.ts';
import { profileIdentity, sunspecIdentity } from './identity.ts';
import { planModbus, planSunspec, type ReadPlan, type WordsAt } from './plan.ts';
import type { Reading } from './point-value.ts';
import { findModels, type ModelPlace } from './sunspec-chain.ts';

export type DeviceReader = {
  /** @throws CodedError `edge.modbus-*`, `edge.sunspec-*`. */
  readonly read: (client: ModbusClient) => Promise<Map<PointName, Reading>>;
  /** Where the device's SunSpec models stand; empty for plain Modbus. Found once, then kept. */
  readonly models: (client: ModbusClient) => Promise<readonly ModelPlace[]>;
  /** Which device it is; null when it does not say. @throws as `read`. */
  readonly identify: (client: ModbusClient) => Promise<IdentityEvent | null>;
  /** What was found is not all there is: a refused request looks like the end of the map. It is looked for again. */
  readonly forgetModels: () => void;
};

export function createDeviceReader(profile: ModbusProfile | SunspecProfile, unit: number): DeviceReader {
  let places: ModelPlace[] | null = null;
  let plan: ReadPlan | null = profile.kind === 'modbus' ? planModbus(profile) : null;

  const models = async (client: ModbusClient) => {
    if (profile.kind === 'modbus') return [];
    places ??= await findModels(client, unit, profile.bases);
    return places;
  };
  const forgetModels = () => {
    if (profile.kind !== 'sunspec') return;
    places = null;
    plan = null;
  };
  return {
    models,
    forgetModels,
    identify: async (client) => {
      if (profile.kind === 'modbus') {
        return profileIdentity(profile, (table, span) => client.readRegisters(unit, table, span));
      }
      return sunspecIdentity(client, unit, { places: await models(client), registersMax: profile.bus.registersMax });
    },
    read: async (client) => {
      if (profile.kind === 'sunspec') plan ??= planSunspec(profile, await models(client));
      try {
        const words = await readAll(client, unit, plan?.requests ?? []);
        return new Map((plan?.decoders ?? []).map(({ point, decode }) => [point, decode(words)]));
      } catch (error) {
        // A refused address says that the map moved, after an update of the device's firmware: look for it again.
        if (isCoded(error, 'edge.modbus-exception')) forgetModels();
        throw error;
      }
    },
  };
}

async function readAll(client: ModbusClient, unit: number, requests: ReadPlan['requests']): Promise<WordsAt> {
  const blocks: { table: string; address: number; words: readonly number[] }[] = [];
  for (const { table, address, count } of requests) {
    const words =
      table === 'coil'
        ? await readCoils(client, unit, { address, count })
        : await client.readRegisters(unit, table === 'input' ? 'input' : 'holding', { address, count });
    blocks.push({ table, address, words });
  }
  return (table, address, count) => {
    for (const block of blocks) {
      const start = address - block.address;
      if (block.table === table && start >= 0 && start + count <= block.words.length) {
        return block.words.slice(start, start + count);
      }
    }
    return undefined;
  };
}

async function readCoils(client: ModbusClient, unit: number, span: { address: number; count: number }) {
  const coils: number[] = [];
  for (let i = 0; i < span.count; i++) coils.push((await client.readCoil(unit, span.address + i)) ? 1 : 0);
  return coils;
}
