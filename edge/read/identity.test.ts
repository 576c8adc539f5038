import type { IdentityEvent } from '@commonworks/core';
import { IdentityEvent as Schema } from '@commonworks/core';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { loadProfile } from '../profile/load.ts';
import type { ModbusProfile } from '../profile/schema.ts';
import { profileIdentity, wordsText } from './identity.ts';

const words = (text: string, registers: number): number[] => {
  const bytes = Buffer.alloc(registers * 2);
  bytes.write(text, 'latin1');
  return Array.from({ length: registers }, (_, at) => bytes.readUInt16BE(at * 2));
};

describe('A fixed-width text', () => {
  it('is what was written, without its padding', () => {
    const text = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,30}$/).map((one) => one.trim());
    fc.assert(fc.property(text, (one) => void expect(wordsText(words(one, 16))).toBe(one)));
    expect(wordsText(words('SN-1   ', 16))).toBe('SN-1');
  });

  it.each([
    ['zeros', Array(16).fill(0)],
    ['ones', Array(16).fill(0xffff)],
  ])('of %s is none', (_name, all: number[]) => expect(wordsText(all)).toBe(''));
});

describe('The identity of a meter', () => {
  const profile = loadProfile('eastron-sdm120') as ModbusProfile;
  const of = (registers: number[]) => profileIdentity(profile, async () => registers);

  it('is the serial number of its profile’s register', async () => {
    const found = (await of([0x016f, 0xe3f0])) as IdentityEvent;
    expect(found).toEqual({ serial: String(0x016fe3f0), manufacturer: 'Eastron' });
    expect(Value.Check(Schema, found)).toBe(true);
  });

  it.each([[[0, 0]], [[0xffff, 0xffff]]])('is unknown where nobody wrote one: %j', async (registers) => {
    expect(await of(registers)).toBeNull();
  });

  it('is never asked for where the profile names no register', async () => {
    const { identity: _, ...rest } = profile;
    expect(await profileIdentity(rest as ModbusProfile, () => Promise.reject(new Error('asked')))).toBeNull();
  });
});
