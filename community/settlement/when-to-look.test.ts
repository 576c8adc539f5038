import { expect, it } from 'vitest';
import { createWhenToLook } from './when-to-look.ts';

const HOUR_MS = 3_600_000;
const NOVEMBER_MS = 1000 * HOUR_MS;
const at = (hour: number) => ({ fromMs: hour * HOUR_MS, toMs: hour * HOUR_MS });

it('looks once in an hour of data', () => {
  const when = createWhenToLook();
  expect(when.isDue(0)).toBe(false);
  when.note(at(1010), NOVEMBER_MS);
  expect([when.isDue(0), when.isDue(HOUR_MS)]).toEqual([true, false]);
  when.note(at(1010), NOVEMBER_MS);
  expect(when.isDue(HOUR_MS)).toBe(false);
  when.note(at(1011), NOVEMBER_MS);
  expect(when.isDue(1)).toBe(true);
});

it('looks again within a minute when the last of a month that is over comes behind newer data', () => {
  const when = createWhenToLook();
  when.note(at(1010), NOVEMBER_MS);
  expect(when.isDue(0)).toBe(true);
  when.note(at(990), NOVEMBER_MS);
  expect([when.isDue(59_000), when.isDue(60_000), when.isDue(HOUR_MS)]).toEqual([false, true, false]);
});
