import { describe, expect, it } from 'vitest';
import { createFormat } from '../format/format.ts';
import { agoText, sizeText } from './backup-words.ts';

const HOUR = 3_600_000;
const format = createFormat({ locale: 'en', zone: 'Europe/Vienna', currency: 'EUR' });

describe('a backup in words', () => {
  it('says its age in the largest unit that is not vague', () => {
    expect([-5, 59_000, 60_000, HOUR, 47.9 * HOUR, 48 * HOUR, 80 * HOUR].map(agoText)).toEqual([
      ...['just now', 'just now', '1 min ago', '1 hour ago', '47 hours ago', '2 days ago', '3 days ago'],
    ]);
  });

  it('says its size in megabytes, and in gigabytes from a thousand of them', () => {
    expect([1, 120_400_000, 999_600_000, 2_340_000_000].map((bytes) => sizeText(bytes, format))).toEqual([
      ...['1 MB', '120 MB', '1.0 GB', '2.3 GB'],
    ]);
  });
});
