import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSlug, isUuid, uuidV7 } from './ids.ts';

describe('ids', () => {
  it('makes the UUIDv7 of RFC 9562, appendix A.6', () => {
    const random = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    expect(uuidV7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('sorts by time', () => {
    const time = fc.integer({ min: 0, max: 2 ** 47 });
    const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(time, time, random, (a, b, bytes) => {
        if (a < b) expect(uuidV7(a, bytes) < uuidV7(b, bytes)).toBe(true);
        expect(isUuid(uuidV7(a, bytes))).toBe(true);
      }),
    );
  });

  it.each(['a', 'pv-1', 'home-12', 'x'.repeat(40)])('takes %s as a device name', (name) =>
    expect(isSlug(name)).toBe(true),
  );
  it.each(['', '-a', 'a-', 'A', 'a/b', 'a+', '#', 'a.b', 'ä', 'x'.repeat(41)])(
    'refuses %j as a device name',
    (name) => {
      expect(isSlug(name)).toBe(false);
    },
  );
});
