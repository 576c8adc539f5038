/** For tests of batches against the stub: points, faults, and what must have come of them. */
import type { PointName, Sample } from '@commonworks/core';
import fc from 'fast-check';
import type { OpenBatchOptions } from './open-batch.ts';
import { OpenBatch } from './open-batch.ts';
import type { InfluxPoint } from './points.ts';
import { pointsOfPack } from './points.ts';
import type { StubDialect, StubFault, StubLine } from './stub-answers.ts';
import { parseLine } from './stub-answers.ts';
import type { StubServer } from './stub-server.ts';
import { storeLines } from './stub-server.ts';
import { openV1 } from './write-v1.ts';
import { openV2 } from './write-v2.ts';

const EDGE = '01890000-0000-7000-8000-000000000001';
export const START_MS = Date.UTC(2026, 5, 1, 0, 30);
export const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
export const MEASUREMENTS = ['activePowerW', 'voltageV', 'importedWh', 'activity', 'socPct'] as const;

export type FaultOf = (line: StubLine) => StubFault | null;

export function adapter(stub: StubServer, dialect: StubDialect) {
  return dialect === '1'
    ? openV1({ url: stub.url, database: 'energy', timeoutMs: 10_000 })
    : openV2({ url: stub.url, bucket: 'energy', org: 'ours', timeoutMs: 10_000 });
}

export function sample(point: PointName, timeMs: number, more: Partial<Sample> = {}): Sample {
  return { device: 'm', point, timeMs, value: point === 'activity' ? 'idle' : timeMs / 1000, quality: 'good', ...more };
}

export function pointsOf(samples: readonly Sample[]): InfluxPoint[] {
  return samples.flatMap(
    (one) => pointsOfPack({ edge: EDGE, epoch: EDGE, seq: 1, boot: EDGE, samples: [one], events: [] }, 'c').points,
  );
}

/** As the server will see it, without going through an adapter. */
export function lineOf({ measurement, tags, fields, timeMs }: InfluxPoint): StubLine {
  const { value, state, quality } = fields;
  const words = [
    `quality=${quality}i`,
    ...(state === undefined ? [] : [`state="${state}"`]),
    ...(value === undefined ? [] : [`value=${value}`]),
  ];
  return parseLine(
    `${measurement},community=${tags.community},device=${tags.device},edge=${tags.edge} ${words.join()} ${timeMs}`,
  );
}

export function truth(points: readonly InfluxPoint[], faultOf: FaultOf) {
  const lines = points.map(lineOf);
  const good = lines.filter((line) => faultOf(line) === null);
  const stored = new Map<string, string>();
  storeLines(good, stored);
  return { stored, written: good.length, refused: lines.length - good.length };
}

/** Until done, however often it has to wait; then what was counted and what it cost. */
export async function writeAll(
  points: InfluxPoint[],
  server: { stub: StubServer; dialect: StubDialect },
  more: Partial<OpenBatchOptions> = {},
) {
  const batch = new OpenBatch(points, { pointsMax: 5000, ...more });
  const write = adapter(server.stub, server.dialect);
  const before = server.stub.requests.length;
  let result = await batch.advance(write);
  for (let waits = 0; result.kind === 'wait' && waits < 100; waits++) result = await batch.advance(write);
  if (result.kind === 'wait') throw new Error(result.message);
  const refused = result.refused.reduce((sum, part) => sum + part.points.length, 0);
  return { written: result.written, refused, letters: result.refused, requests: server.stub.requests.length - before };
}

export const conflictOn =
  (measurement: string, field: string): FaultOf =>
  (line) =>
    line.measurement === measurement && line.fields.has(field) ? { kind: 'conflict', field } : null;

export const arbitrarySamples = fc.array(
  fc
    .record({
      point: fc.constantFrom(...MEASUREMENTS),
      device: fc.constantFrom('a', 'b', 'c'),
      timeMs: fc
        .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 30 }))
        .map(([week, step]) => START_MS + week * WEEK_MS + step * 600_000),
      isMissing: fc.boolean(),
      reading: fc.integer({ min: 1, max: 9 }),
    })
    .map(({ point, device, timeMs, isMissing, reading }) =>
      sample(
        point,
        timeMs,
        isMissing
          ? { device, value: null, quality: 'missing' }
          : { device, value: point === 'activity' ? `s${reading}` : reading },
      ),
    ),
  { minLength: 1, maxLength: 250, size: 'max' },
);

export type ConflictOfWeek = { readonly measurement: string; readonly field: string; readonly week: number };

export const arbitraryConflicts: fc.Arbitrary<ConflictOfWeek[]> = fc.array(
  fc.record({
    measurement: fc.constantFrom(...MEASUREMENTS),
    field: fc.constantFrom('value', 'state', 'quality'),
    week: fc.integer({ min: 0, max: 2 }),
  }),
  { maxLength: 4 },
);

export function faultOfConflicts(conflicts: readonly ConflictOfWeek[]): FaultOf {
  return (line) => {
    const week = Math.floor((line.timeMs - START_MS) / WEEK_MS);
    const hit = conflicts.find((one) => one.week === week && conflictOn(one.measurement, one.field)(line) !== null);
    return hit === undefined ? null : { kind: 'conflict', field: hit.field };
  };
}

export const arbitraryFaults: fc.Arbitrary<FaultOf> = fc
  .record({
    conflicts: arbitraryConflicts,
    oldestMs: fc.option(fc.integer({ min: START_MS, max: START_MS + 200 * 60_000 }), { nil: 0 }),
    unparsed: fc.constantFrom(0, 0, 17, 5),
  })
  .map(
    ({ conflicts, oldestMs, unparsed }): FaultOf =>
      (line) => {
        if (unparsed > 0 && (line.timeMs / 60_000) % unparsed === 0) return { kind: 'syntax' };
        return line.timeMs < oldestMs ? { kind: 'old' } : faultOfConflicts(conflicts)(line);
      },
  );
