/** What finding the bad points costs in requests: by their structure, not by their number. */
import type { PointName } from '@commonworks/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { InfluxPoint } from './points.ts';
import { STUB_DIALECTS } from './stub-answers.ts';
import { startStub } from './stub-server.ts';
import type { FaultOf } from './stub-trial.ts';
import {
  arbitraryConflicts,
  arbitrarySamples,
  conflictOn,
  faultOfConflicts,
  HOUR_MS,
  lineOf,
  MEASUREMENTS,
  pointsOf,
  START_MS,
  sample,
  writeAll,
} from './stub-trial.ts';

const minutes = (count: number, point: PointName, device = 'm') =>
  Array.from({ length: count }, (_, i) => sample(point, START_MS + i * 60_000, { device }));

/** Halvings down to one point, and what cutting at measurements and series costs more than cutting in the middle. */
const depthOf = (points: readonly InfluxPoint[]) => Math.ceil(Math.log2(points.length)) + 5;

it.each(['1', '2', '2-strict', '3', '3-strict'] as const)(
  'three for a field of a wrong type within an hour, and two from then on (%s)',
  async (dialect) => {
    await using stub = await startStub({ dialect, faultOf: conflictOn('voltageV', 'value') });
    const points = pointsOf([
      ...minutes(1800, 'activePowerW'),
      ...minutes(25, 'voltageV'),
      ...minutes(1800, 'importedWh'),
      sample('voltageV', START_MS + 1, { value: null, quality: 'missing' }),
    ]);
    const suspects = new Map();
    const first = await writeAll(points, { stub, dialect }, { suspects });
    const second = await writeAll(points, { stub, dialect }, { suspects });
    for (const trial of [first, second]) expect(trial).toMatchObject({ written: 3601, refused: 25 });
    expect([first.requests, second.requests]).toEqual([3, 2]);
  },
);

it('one again when the field is taken', async () => {
  await using stub = await startStub();
  const suspects = new Map([['voltageV value', { measurement: 'voltageV', field: 'value' }]]);
  const points = pointsOf([...minutes(20, 'voltageV'), ...minutes(20, 'currentA')]);
  expect((await writeAll(points, { stub, dialect: '2' }, { suspects })).requests).toBe(2);
  expect((await writeAll(points, { stub, dialect: '2' }, { suspects })).requests).toBe(1);
});

it.each(STUB_DIALECTS.filter((dialect) => dialect !== 'mute'))(
  'grows with the fields and hours in conflict, not with their points (%s)',
  async (dialect) => {
    await fc.assert(
      fc.asyncProperty(arbitrarySamples, arbitraryConflicts, async (samples, conflicts) => {
        const faultOf = faultOfConflicts(conflicts);
        await using stub = await startStub({ dialect, faultOf });
        const points = pointsOf(samples);
        const lines = points.map(lineOf);
        const bad = lines.filter((line) => faultOf(line) !== null);
        const hours = new Set(bad.map((line) => `${line.measurement} ${Math.floor(line.timeMs / HOUR_MS)}`)).size;
        // A batch is written in layers, in each of which a series has a time but once.
        const layers = Math.max(...[...Map.groupBy(lines, ({ key }) => key).values()].map((same) => same.length));
        const fields = new Set(conflicts.map(({ measurement, field }) => `${measurement} ${field}`)).size;
        const { requests } = await writeAll(points, { stub, dialect });
        expect(requests).toBeLessThanOrEqual(layers * (1 + 2 * fields + 2 * hours * depthOf(points)));
      }),
      { numRuns: 15 },
    );
  },
  60_000,
);

it.each(['1', '2'] as const)('that of one search in time for points that are too old (%s)', async (dialect) => {
  const devices = ['a', 'b', 'c'];
  const points = pointsOf(MEASUREMENTS.flatMap((point) => devices.flatMap((device) => minutes(300, point, device))));
  const faultOf: FaultOf = ({ timeMs }) => (timeMs < START_MS + 100 * 60_000 ? { kind: 'old' } : null);
  await using stub = await startStub({ dialect, faultOf });
  const { refused, requests } = await writeAll(points, { stub, dialect });
  expect(refused).toBe(1500);
  expect(requests).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(points.length)));
});

it('three where every refused line is named', async () => {
  const faultOf: FaultOf = ({ timeMs }) => (timeMs % 7 === 0 ? { kind: 'syntax' } : null);
  await using stub = await startStub({ dialect: '3', faultOf });
  const points = pointsOf(Array.from({ length: 4000 }, (_, i) => sample('socPct', START_MS + i)));
  const refused = points.filter(({ timeMs }) => timeMs % 7 === 0).length;
  expect(await writeAll(points, { stub, dialect: '3' })).toMatchObject({ refused, requests: 3 });
});

it.each(STUB_DIALECTS)('a search for each point that is bad on its own (%s)', async (dialect) => {
  const points = pointsOf(MEASUREMENTS.flatMap((point) => ['a', 'b'].flatMap((device) => minutes(200, point, device))));
  const bad = new Set(points.filter((_, i) => [3, 500, 501, 1100, 1999].includes(i)).map((point) => lineOf(point).key));
  const faultOf: FaultOf = ({ key }) => (bad.has(key) ? { kind: 'syntax' } : null);
  await using stub = await startStub({ dialect, faultOf });
  const { refused, requests } = await writeAll(points, { stub, dialect });
  expect(refused).toBe(5);
  expect(requests).toBeLessThanOrEqual(1 + 2 * bad.size * depthOf(points));
});
