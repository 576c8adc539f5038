import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { createDeviceLists, type DeviceDescription, devicePages, EdgeDevices } from './device-list.ts';
import { MESSAGE_LIMITS } from './mqtt-limits.ts';

const described = (device: string, title = device): DeviceDescription => ({
  ...{ device, title, profile: 'eastron-sdm630', commands: [], periodMs: 10_000 },
  points: Array.from({ length: 16 }, (_, n) => `activePowerL${n}W`),
});
const parse = (text: string): EdgeDevices => {
  const page: unknown = JSON.parse(text);
  expect(Value.Check(EdgeDevices, page)).toBe(true);
  return page as EdgeDevices;
};

describe('A device list', () => {
  it('of any size is pages within the limit, and whole again whatever their order', () => {
    const anyText = fc.string({ unit: 'grapheme', maxLength: 80 });
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 300 }), fc.infiniteStream(fc.nat()), (titles, random) => {
        const devices = titles.map((title, n) => described(`d-${n}`, title));
        const messages = devicePages(devices, 'x');
        for (const text of messages)
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MESSAGE_LIMITS.devicesPageBytes);
        const shuffled = messages
          .map((text) => ({ text, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at);
        const lists = createDeviceLists();
        const taken = shuffled.map(({ text }) => lists.take('e', parse(text)));
        expect(taken.slice(0, -1).every((list) => list === null)).toBe(true);
        expect(taken.at(-1)).toEqual(devices);
      }),
      { numRuns: 30 },
    );
  });

  it('of nobody is one empty page', () => {
    expect(devicePages([], 'x').map(parse)).toEqual([{ list: 'x', page: 0, pages: 1, devices: [] }]);
  });

  it('that became shorter is not mixed with the pages that are left of the longer one', () => {
    const long = devicePages(
      Array.from({ length: 300 }, (_, n) => described(`old-${n}`)),
      'old',
    );
    const [short = ''] = devicePages([described('new')], 'new');
    expect(long.length).toBeGreaterThan(2);
    const lists = createDeviceLists();
    for (const text of long.slice(1)) expect(lists.take('e', parse(text))).toBeNull();
    expect(lists.take('e', parse(short))?.map(({ device }) => device)).toEqual(['new']);
    expect(lists.take('other', parse(long[0] ?? ''))).toBeNull();
  });
});
