/** Every good point is stored and every point counted once, whatever a server refuses and however it says so. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OpenBatch } from './open-batch.ts';
import { STUB_DIALECTS } from './stub-answers.ts';
import type { StubServer } from './stub-server.ts';
import { startStub } from './stub-server.ts';
import type { FaultOf } from './stub-trial.ts';
import {
  adapter,
  arbitraryFaults,
  arbitrarySamples,
  pointsOf,
  START_MS,
  sample,
  truth,
  writeAll,
} from './stub-trial.ts';

describe('for any points and faults', () => {
  it.each(STUB_DIALECTS)(
    'a server like %s stores every good point, and written and refused are the truth',
    async (dialect) => {
      await fc.assert(
        fc.asyncProperty(
          arbitrarySamples,
          arbitraryFaults,
          fc.record({
            pointsMax: fc.constantFrom(40, 5000),
            linesMax: fc.constantFrom(30, 5000),
            outages: fc.array(
              fc.constantFrom<StubServer['script'][number]>('serve', 'serve', 'serve', 'hang-up', { status: 503 }),
              {
                maxLength: 30,
              },
            ),
          }),
          async (samples, faultOf, { pointsMax, linesMax, outages }) => {
            await using stub = await startStub({ dialect, faultOf, linesMax });
            stub.script.push(...outages);
            const points = pointsOf(samples);
            const expected = truth(points, faultOf);
            const { written, refused, letters, requests } = await writeAll(points, { stub, dialect }, { pointsMax });
            expect({ written, refused }).toEqual({ written: expected.written, refused: expected.refused });
            expect(new Set(letters.flatMap((letter) => letter.points)).size).toBe(refused);
            expect(new Map([...stub.stored].sort())).toEqual(new Map([...expected.stored].sort()));
            expect(requests).toBeLessThan(2 * points.length + outages.length);
          },
        ),
        { numRuns: 15 },
      );
    },
    60_000,
  );
});

describe('a server that goes away in the middle', () => {
  it('is waited for, and the batch goes on where it stopped, without a point counted twice', async () => {
    const faultOf: FaultOf = ({ timeMs }) => (timeMs % 10 === 0 ? { kind: 'syntax' } : null);
    const points = pointsOf(Array.from({ length: 100 }, (_, i) => sample('voltageV', START_MS + i)));
    await using whole = await startStub({ dialect: 'mute', faultOf });
    const { requests } = await writeAll(points, { stub: whole, dialect: 'mute' });
    await using stub = await startStub({ dialect: 'mute', faultOf });
    for (let i = 0; i < requests; i++) stub.script.push('serve', { status: 503 });
    const flapping = await writeAll(points, { stub, dialect: 'mute' });
    expect(flapping).toMatchObject({ written: 90, refused: 10, requests: 2 * requests - 1 });
    expect(stub.stored).toEqual(whole.stored);
  });

  it('has refused nothing when it refuses a harmless point as well: all is tried again', async () => {
    let isBroken = false;
    const faultOf: FaultOf = ({ timeMs }) => (isBroken || timeMs === START_MS + 5 ? { kind: 'syntax' } : null);
    await using stub = await startStub({ dialect: 'mute', faultOf });
    const points = pointsOf(Array.from({ length: 6 }, (_, i) => sample('voltageV', START_MS + i)));
    const write = adapter(stub, 'mute');
    const probe = () => write(pointsOf([sample('socPct', START_MS)]));
    const batch = new OpenBatch(points, { pointsMax: 2, probe });
    const breaking: typeof write = async (some) => {
      isBroken = stub.requests.length > 0;
      return await write(some);
    };
    expect(await batch.advance(breaking)).toMatchObject({ kind: 'wait', code: 'telemetry.influx-refuses-all' });
    isBroken = false;
    const result = await batch.advance(write);
    expect(result).toMatchObject({ kind: 'done', written: 5, refused: [{ points: [{ timeMs: START_MS + 5 }] }] });
  });

  it('is waited for as well when only the harmless point at the end is left', async () => {
    const faultOf: FaultOf = ({ timeMs }) => (timeMs === START_MS + 3 ? { kind: 'syntax' } : null);
    await using stub = await startStub({ dialect: 'mute', faultOf });
    const write = adapter(stub, 'mute');
    const probe = () => write(pointsOf([sample('socPct', START_MS)]));
    const points = pointsOf(Array.from({ length: 4 }, (_, i) => sample('voltageV', START_MS + i)));
    stub.script.push(...Array.from({ length: 6 }, () => 'serve' as const), { status: 503 });
    const batch = new OpenBatch(points, { pointsMax: 5000, probe });
    expect(await batch.advance(write)).toMatchObject({ kind: 'wait', code: 'telemetry.influx-unavailable' });
    expect(await batch.advance(write)).toMatchObject({ kind: 'done', written: 3 });
    expect(stub.requests.length).toBe(8);
  });
});
