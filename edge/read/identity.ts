/** Which device it is, as it says itself: SunSpec's common model, or the registers that a profile names. */
import type { IdentityEvent } from '@commonworks/core';
import type { ModbusClient, Span, Table } from '../modbus/client.ts';
import type { IdentityRegister, ModbusProfile } from '../profile/schema.ts';
import { rawNumber, wordCount } from './raw-value.ts';
import type { ModelPlace } from './sunspec-chain.ts';

const TEXT_MAX = 64;
/** Model 1 (sunspec/models, model_1.json): offsets from the model's ID register, lengths in registers. */
const COMMON = {
  model: 1,
  first: 2,
  end: 66,
  maker: [2, 16],
  name: [18, 16],
  version: [42, 8],
  serial: [50, 16],
} as const;

type Read = (table: Table, span: Span) => Promise<number[]>;

/** Null when the device has no common model, or no serial number in it. */
export async function sunspecIdentity(
  client: ModbusClient,
  unit: number,
  { places, registersMax }: { places: readonly ModelPlace[]; registersMax: number },
): Promise<IdentityEvent | null> {
  const place = places.find(({ model }) => model === COMMON.model);
  if (place === undefined || place.length < COMMON.end) return null;
  const words: number[] = [];
  for (let at = COMMON.first; at < COMMON.end; at += registersMax) {
    const count = Math.min(registersMax, COMMON.end - at);
    words.push(...(await client.readRegisters(unit, 'holding', { address: place.address + at, count })));
  }
  const text = ([offset, length]: readonly [number, number]) =>
    wordsText(words.slice(offset - COMMON.first, offset - COMMON.first + length));
  return identity(text(COMMON.serial), {
    manufacturer: text(COMMON.maker),
    model: text(COMMON.name),
    firmware: text(COMMON.version),
  });
}

/** Null when the profile names no serial number, or the device shows none. */
export async function profileIdentity({ identity: rules }: ModbusProfile, read: Read): Promise<IdentityEvent | null> {
  if (rules === undefined) return null;
  const { manufacturer, model, firmware, serial } = rules;
  return identity(await registerText(serial, read), {
    manufacturer: manufacturer ?? '',
    model: model === undefined ? '' : await registerText(model, read),
    firmware: firmware === undefined ? '' : await registerText(firmware, read),
  });
}

/** What is empty is left out; without a serial number nobody is anybody. */
export function identity(serial: string, rest: Omit<IdentityEvent, 'serial'>): IdentityEvent | null {
  const known = Object.entries(rest).filter(([, text]) => text !== '');
  return serial === '' ? null : { serial, ...Object.fromEntries(known) };
}

async function registerText(rule: IdentityRegister, read: Read): Promise<string> {
  const { table, address } = rule;
  if (rule.type === 'text') return wordsText(await read(table, { address, count: rule.registers ?? 1 }));
  const words = await read(table, { address, count: wordCount(rule.type) });
  // All zeros or all ones is memory that nobody wrote a number into.
  if (words.every((word) => word === 0) || words.every((word) => word === 0xffff)) return '';
  const number = rawNumber(
    words,
    rule.order === undefined ? { type: rule.type } : { type: rule.type, order: rule.order },
  );
  return number === null ? '' : String(number);
}

/** Fixed width, two characters a register, padded with NUL or blanks. */
export function wordsText(words: readonly number[]): string {
  const bytes = words.flatMap((word) => [word >> 8, word & 0xff]);
  const end = bytes.indexOf(0);
  return cleanText(String.fromCharCode(...(end < 0 ? bytes : bytes.slice(0, end))));
}

/** Printable, without blanks around it; anything else was never written. */
export function cleanText(text: string): string {
  const trimmed = text.trim();
  return /^[\x20-\x7e\xa1-\xfe]*$/.test(trimmed) ? trimmed.slice(0, TEXT_MAX) : '';
}
