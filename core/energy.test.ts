import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatKwh, mwhFromWh, parseKwh, whFromMwh } from './energy.ts';

describe('energy in whole mWh', () => {
  it.each([
    ['0', 0],
    ['0.000001', 1],
    ['3.5475', 3_547_500],
    ['-0.000000', 0],
    ['-1.5', -1_500_000],
    ['123456789.123456', 123_456_789_123_456],
  ])('reads %s kWh', (text, mwh) => expect(parseKwh(text)).toBe(mwh));

  it.each(['', ' ', '1,5', '1e3', '.5', '1.', '1.0000001', 'NaN', '+1', '0x1', '1234567890'])('refuses %j', (text) => {
    expect(parseKwh(text)).toBeNull();
  });

  it('prints what it read', () => {
    fc.assert(fc.property(fc.integer({ min: -1e14, max: 1e14 }), (mwh) => parseKwh(formatKwh(mwh)) === mwh));
  });

  it('keeps a register of three decimals of Wh exactly', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (mwh) => mwhFromWh(whFromMwh(mwh)) === mwh));
  });
});
