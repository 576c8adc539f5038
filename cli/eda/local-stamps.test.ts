import { expect, it } from 'vitest';
import { createStampReader, parseStamp, type Stamp } from './local-stamps.ts';

function read(...texts: string[]): (string | undefined)[] {
  const reader = createStampReader('Europe/Vienna');
  return texts.map((text) => {
    const at = reader(parseStamp(text) as Stamp);
    return typeof at === 'string' ? at : at.start;
  });
}

it('knows both forms of stamps and nothing else', () => {
  expect(parseStamp('2023-01-01 00:15:00')).toEqual({ local: '2023-01-01T00:15', form: 'yyyy-mm-dd' });
  expect(parseStamp('18.03.2023 00:00:00')).toEqual({ local: '2023-03-18T00:00', form: 'dd.mm.yyyy' });
  expect(parseStamp('2023-01-01 00:15:07')).toBeNull();
  expect(parseStamp('Metercode')).toBeNull();
});

it('tells the two passes of the autumn hour apart by their order', () => {
  expect(
    read(
      '2022-10-30 01:45:00',
      '2022-10-30 02:00:00',
      '2022-10-30 02:15:00',
      '2022-10-30 02:00:00',
      '2022-10-30 02:15:00',
      '2022-10-30 03:00:00',
    ),
  ).toEqual([
    '2022-10-30T01:45:00+02:00',
    '2022-10-30T02:00:00+02:00',
    '2022-10-30T02:15:00+02:00',
    '2022-10-30T02:00:00+01:00',
    '2022-10-30T02:15:00+01:00',
    '2022-10-30T03:00:00+01:00',
  ]);
});

it('has no hour to give to the stamps that spring jumps over', () => {
  expect(read('2023-03-26 01:45:00', '26.03.2023 03:00:00', '2023-03-26 02:15:00')).toEqual([
    '2023-03-26T01:45:00+01:00',
    '2023-03-26T03:00:00+02:00',
    '2023-03-26T02:15 does not exist in Europe/Vienna: the clocks jumped over it',
  ]);
});

it('refuses a stamp that stands too often, and days that are none', () => {
  expect(read('2023-01-01 00:00', '2023-01-01 00:00', '2023-02-30 00:00')).toEqual([
    '2023-01-01T00:00:00+01:00',
    '2023-01-01T00:00 stands here a second time',
    '2023-02-30T00:00 is no real date and time',
  ]);
  expect(read('2022-10-30 02:00', '2022-10-30 02:00', '2022-10-30 02:00')[2]).toContain('third time');
});
