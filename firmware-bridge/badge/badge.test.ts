import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { badgeHash } from './hash.ts';
import { createUidReader } from './uid-reader.ts';

describe('A badge reader', () => {
  it.each([
    ['04A1B2C3\r\n', ['04A1B2C3']],
    ['UID: 04 a1 b2 c3 d4 e5 f6\n', ['04A1B2C3D4E5F6']],
    ['04:A1:B2:C3\n04-A1-B2-C4\n', ['04A1B2C3', '04A1B2C4']],
    ['hello\n04A1B2\n', []],
  ])('in lines: %j', (text, uids) => {
    expect(createUidReader('uid-line')(Buffer.from(text))).toEqual(uids);
  });

  it('in RDM6300 frames: the checksum decides', () => {
    // 0x62 ^ 0xE3 ^ 0x08 ^ 0x6C ^ 0xED = 0x08, the example of the module's data sheet.
    const frame = '\x0262E3086CED08\x03';
    const read = createUidReader('rdm6300');
    expect(read(Buffer.from(`xx${frame.slice(0, 5)}`))).toEqual([]);
    expect(read(Buffer.from(frame.slice(5)))).toEqual(['62E3086CED']);
    expect(read(Buffer.from('\x0262E3086CED09\x03'))).toEqual([]);
    expect(read(Buffer.from(`\x0262${frame}`))).toEqual(['62E3086CED']);
  });

  it('never crashes on any bytes', () => {
    for (const protocol of ['uid-line', 'rdm6300'] as const) {
      const read = createUidReader(protocol);
      fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => read(bytes).length >= 0));
    }
  });
});

describe('A badge hash', () => {
  it('is the HMAC-SHA256 of the UID bytes, whatever the case of its digits', () => {
    const key = Buffer.alloc(32, 7);
    const expected = createHmac('sha256', key)
      .update(Buffer.from([4, 0xa1, 0xb2, 0xc3]))
      .digest('hex');
    expect(badgeHash('04A1B2C3', key)).toBe(expected);
    expect(badgeHash('04a1b2c3', key)).toBe(expected);
    expect(badgeHash('04A1B2C3', Buffer.alloc(32, 8))).not.toBe(expected);
  });
});
