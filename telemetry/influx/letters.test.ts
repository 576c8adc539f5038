/** What GET /status tells of refused points. */
import { expect, it } from 'vitest';
import { RefusalLetters } from './letters.ts';
import { pointsOf, START_MS, sample } from './stub-trial.ts';

it('keeps one letter for each series and reason, the newest last, with the sum of its points', () => {
  const letters = new RefusalLetters(2);
  const points = pointsOf(['a', 'b', 'a'].map((device, i) => sample('voltageV', START_MS + i, { device })));
  letters.keep(points.slice(0, 1), { reason: 'too old', atMs: 1, cursor: 1 });
  letters.keep(points, { reason: 'wrong type', atMs: 2, cursor: 2 });
  letters.keep(points.slice(0, 1), { reason: 'wrong type', atMs: 3, cursor: 3 });
  const told = letters
    .newestLast()
    .map(({ series, count, timeMs, cursor }) => [series.split('/')[1], count, timeMs, cursor]);
  expect(told).toEqual([
    ['b', 1, START_MS + 1, 2],
    ['a', 3, START_MS + 2, 3],
  ]);
});
