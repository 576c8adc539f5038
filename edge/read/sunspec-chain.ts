/** Finds a device's SunSpec map: the marker, then the chain of models. */
import { CodedError, isCoded } from '@commonworks/core';
import type { ModbusClient } from '../modbus/client.ts';

/** Where a model's ID register stands, and how many registers it has with ID and length. */
export type ModelPlace = { readonly model: number; readonly address: number; readonly length: number };

/** "SunS" in ASCII (SunSpec information model specification, section 6.1). */
const MARKER = [0x5375, 0x6e53];
const END = 0xffff;
const MODELS_MAX = 100;

/** @throws CodedError `edge.sunspec-absent`, or `edge.modbus-*` of a device that does not answer. */
export async function findModels(client: ModbusClient, unit: number, bases: readonly number[]): Promise<ModelPlace[]> {
  for (const base of bases) {
    if (await hasMarker(client, unit, base)) return walkChain(client, unit, base + MARKER.length);
  }
  throw new CodedError('edge.sunspec-absent', `unit ${unit}: no SunSpec marker at ${bases.join(', ')}`);
}

async function hasMarker(client: ModbusClient, unit: number, base: number): Promise<boolean> {
  try {
    const words = await client.readRegisters(unit, 'holding', { address: base, count: 2 });
    return words[0] === MARKER[0] && words[1] === MARKER[1];
  } catch (error) {
    if (isAddressRefused(error)) return false;
    throw error;
  }
}

async function walkChain(client: ModbusClient, unit: number, first: number): Promise<ModelPlace[]> {
  const places: ModelPlace[] = [];
  let address = first;
  while (places.length < MODELS_MAX && address < 0xfffe) {
    const head = await readHead(client, unit, address);
    if (head === null || head.model === END) return places;
    places.push({ model: head.model, address, length: head.length + 2 });
    address += head.length + 2;
  }
  return places;
}

/** Null where the map simply stops: some devices have no end marker and refuse the address behind the last model. */
async function readHead(client: ModbusClient, unit: number, address: number) {
  try {
    const [model = END, length = 0] = await client.readRegisters(unit, 'holding', { address, count: 2 });
    return { model, length };
  } catch (error) {
    if (isAddressRefused(error)) return null;
    throw error;
  }
}

function isAddressRefused(error: unknown): boolean {
  return isCoded(error, 'edge.modbus-exception') && [1, 2, 3, 4].includes(Number(error.detail['exception']));
}
