import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCoded } from './errors.ts';
import { POINTS, type PointName } from './points.ts';
import { QUALITIES } from './quality.ts';
import { decodePack, encodePack, PACK_LIMITS, type Pack } from './senml.ts';

const edge = '0198c7a0-0000-7000-8000-000000000001';
const epoch = '0198c7a0-0000-7000-8000-000000000002';
const boot = '0198c7a0-0000-7000-8000-000000000003';
const empty: Pack = { edge, epoch, seq: 1, boot, samples: [], events: [] };
const numeric = Object.keys(POINTS).filter((name) => POINTS[name as PointName].kind !== 'state') as PointName[];

describe('the pack', () => {
  it('carries its key in a leading record that any SenML reader skips', () => {
    const [head] = JSON.parse(encodePack(empty)) as [Record<string, unknown>];
    expect(head).toEqual({ bn: `${edge}/`, n: 'pack', vs: `${epoch}.1.${boot}` });
  });

  it('round-trips every sample and event', () => {
    const sample = fc.record({
      device: fc.constantFrom('pv-1', 'home-3'),
      point: fc.constantFrom(...numeric),
      timeMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
      value: fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
        fc.constant(null),
      ),
      quality: fc.constantFrom(...QUALITIES),
    });
    const key = (s: { device: string; point: string; timeMs: number }): string => `${s.device}/${s.point}@${s.timeMs}`;
    fc.assert(
      fc.property(fc.uniqueArray(sample, { selector: key, maxLength: 20 }), (raw) => {
        const samples = raw.map((s) =>
          s.value === null && s.quality === 'good' ? { ...s, quality: 'missing' as const } : s,
        );
        const pack: Pack = {
          ...empty,
          samples,
          events: [{ device: 'edge', type: 'gap', timeMs: 5, body: { fromSeq: 1 } }],
        };
        const { pack: back, rejected } = decodePack(encodePack(pack));
        expect(rejected).toEqual([]);
        expect(back).toEqual(pack);
      }),
      { numRuns: 200 },
    );
  });

  it('says missing by a quality record alone, never by a zero', () => {
    const text = encodePack({
      ...empty,
      samples: [{ device: 'home-1', point: 'importedWh', timeMs: 1_763_890_200_000, value: null, quality: 'missing' }],
    });
    expect(JSON.parse(text)[1]).toEqual({ n: 'home-1/importedWh.q', t: 1_763_890_200, vs: 'missing' });
  });

  it('keeps the good records beside a bad one and says which and why', () => {
    const records = JSON.parse(encodePack(empty)) as unknown[];
    records.push(
      { n: 'pv-1/activePowerW', t: 1, v: 5 },
      { n: 'pv-1/wrong', t: 1, v: 5 },
      { n: 'pv-1/activePowerW', t: 2, v: 'x' },
    );
    const { pack, rejected } = decodePack(JSON.stringify(records));
    expect(pack.samples).toHaveLength(1);
    expect(rejected.map((item) => item.index)).toEqual([2, 3]);
  });

  it('refuses numbers that JSON reads as infinite', () => {
    const head = encodePack(empty).slice(0, -1);
    const { pack, rejected } = decodePack(`${head},{"n":"pv-1/activePowerW","t":1,"v":1e999}]`);
    expect(pack.samples).toEqual([]);
    expect(rejected).toHaveLength(1);
  });

  it('refuses times beyond the year 9999, which a database would keep and never give back', () => {
    const head = encodePack(empty).slice(0, -1);
    const event = JSON.stringify({ badge: 'a'.repeat(64), reader: 'r' });
    const text = `${head},{"n":"pv-1/activePowerW","t":1e14,"v":1},{"n":"r/event.badge","t":1e300,"vs":${JSON.stringify(event)}}]`;
    const { pack, rejected } = decodePack(text);
    expect([pack.samples, pack.events, rejected.length]).toEqual([[], [], 2]);
  });

  it.each([
    ['not JSON', '{'],
    ['not an array', '{}'],
    ['an empty array', '[]'],
    ['no pack record', '[{"n":"pv-1/activePowerW","t":1,"v":1}]'],
    ['a bad id', `[{"bn":"x/","n":"pack","vs":"${epoch}.1.${boot}"}]`],
    ['a null record', `[null]`],
    ['too large', ' '.repeat(PACK_LIMITS.bytesMax + 1)],
  ])('refuses %s with a code', (_name, text) => {
    expect(() => decodePack(text)).toThrow(expect.objectContaining({ code: 'core.pack-malformed' }));
  });

  it('survives any bytes: a pack, or a coded refusal', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          try {
            decodePack(bytes);
          } catch (error) {
            if (!isCoded(error)) throw error;
          }
        },
      ),
    );
  });

  it('is not fooled by prototype keys', () => {
    const head = encodePack(empty).slice(0, -1);
    const { pack } = decodePack(
      `${head},{"n":"pv-1/__proto__","t":1,"v":1},{"__proto__":{"n":"pv-1/activePowerW"},"t":1,"v":1}]`,
    );
    expect(pack.samples).toEqual([]);
    expect(Object.hasOwn(Object.prototype, 'n')).toBe(false);
  });
});
