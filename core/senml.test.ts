import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCoded } from './errors.ts';
import { pointValueFault } from './point-values.ts';
import { POINTS, type PointName } from './points.ts';
import { QUALITIES, worstQuality } from './quality.ts';
import { decodePack, encodePack, PACK_LIMITS, type Pack, type Sample } from './senml.ts';

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

  it('round-trips every sample and event; a value that cannot be becomes none, implausible', () => {
    const sample = fc.record({
      device: fc.constantFrom('pv-1', 'home-3'),
      point: fc.constantFrom(...numeric),
      timeMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
      value: fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => x + 0),
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
        fc.constant(null),
      ),
      quality: fc.constantFrom(...QUALITIES),
    });
    const written = (s: Sample): Sample =>
      s.value === null || pointValueFault(s.point, s.value) === null
        ? s
        : { ...s, value: null, quality: worstQuality([s.quality, 'implausible']) };
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
        expect(back).toEqual({ ...pack, samples: samples.map(written) });
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
      `${head},{"n":"pv-1/__proto__","t":1,"v":1},{"constructor":{"n":"pv-1/activePowerW"},"t":1,"v":1}]`,
    );
    expect(pack.samples).toEqual([]);
    expect(() => decodePack(`${head},{"__proto__":{"n":"pv-1/activePowerW"},"t":1,"v":1}]`)).toThrow(/__proto__/);
    expect(Object.hasOwn(Object.prototype, 'n')).toBe(false);
  });
});

const key = { bn: `${edge}/`, n: 'pack', vs: `${epoch}.1.${boot}` };
const decoded = (head: object, ...records: object[]) => decodePack(JSON.stringify([{ ...key, ...head }, ...records]));
const told = ({ pack }: ReturnType<typeof decodePack>) =>
  pack.samples.map(({ device, point, timeMs, value }) => [`${device}/${point}`, timeMs, value]);

describe('Base fields (RFC 8428 section 4.1)', () => {
  it('give several records one time and one unit, and versions of drafts are read: after the example of section 5.1.3', () => {
    const pack = decoded(
      { bt: 1.276020076001e9, bu: 'A', bver: 5 },
      { n: 'home-1/voltageV', u: 'V', v: 120.1 },
      { n: 'home-1/currentA', t: -5, v: 1.2 },
      { n: 'home-1/currentA', t: -4, v: 1.3 },
      { n: 'home-1/currentA', v: 1.7 },
    );
    expect(pack.rejected).toEqual([]);
    expect(told(pack)).toEqual([
      ['home-1/voltageV', 1_276_020_076_001, 120.1],
      ['home-1/currentA', 1_276_020_071_001, 1.2],
      ['home-1/currentA', 1_276_020_072_001, 1.3],
      ['home-1/currentA', 1_276_020_076_001, 1.7],
    ]);
  });

  it('hold from the record that sets them until they are set again: after the example of section 5.1.2', () => {
    const pack = decoded(
      {},
      { bn: `${edge}/home-1/`, bt: 1_320_067_464, bu: 'Cel', n: 'temperatureC', v: 23.1 },
      { bu: 'W', n: 'activePowerW', t: 60, v: 5 },
      { bn: `${edge}/home-2/activePowerW`, bt: 1_320_078_429, v: 7 },
      { bn: `${edge}/`, n: 'home-3/activePowerW', v: 8 },
    );
    expect(pack.rejected).toEqual([]);
    expect(told(pack)).toEqual([
      ['home-1/temperatureC', 1_320_067_464_000, 23.1],
      ['home-1/activePowerW', 1_320_067_524_000, 5],
      ['home-2/activePowerW', 1_320_078_429_000, 7],
      ['home-3/activePowerW', 1_320_078_429_000, 8],
    ]);
  });

  it('are added to a value, and make none where there is none', () => {
    const pack = decoded(
      { bv: 20, bt: 1_320_067_464 },
      { n: 'home-1/temperatureC', v: 1.5 },
      { n: 'home-2/temperatureC' },
      { bv: 0, n: 'home-3/temperatureC', v: 1.5 },
    );
    expect(told(pack).map(([name, , value]) => [name, value])).toEqual([
      ['home-1/temperatureC', 21.5],
      ['home-3/temperatureC', 1.5],
    ]);
    expect(pack.rejected.map(({ index }) => index)).toEqual([2]);
  });

  it('apply to qualities and events, too', () => {
    const { pack, rejected } = decoded(
      { bt: 1_320_067_464 },
      { n: 'home-1/importedWh.q', vs: 'missing' },
      { n: 'edge/event.clock', t: 1, vs: '{}' },
    );
    expect(rejected).toEqual([]);
    expect(pack.samples).toMatchObject([{ timeMs: 1_320_067_464_000, value: null, quality: 'missing' }]);
    expect(pack.events).toMatchObject([{ type: 'clock', timeMs: 1_320_067_465_000 }]);
  });

  it('do not lead a record out of its edge, out of time or into another unit', () => {
    const pack = decoded(
      {},
      { n: 'home-1/activePowerW', v: 1 },
      { n: 'home-1/activePowerW', t: null, v: 1 },
      { bt: 1_320_067_464, n: 'home-1/activePowerW', t: -1_320_067_465, v: 1 },
      { bu: 'kWh', n: 'home-1/importedWh', v: 1 },
      { n: 'home-1/importedWh', u: 'Wh', v: 2 },
      { bn: `${boot}/`, n: 'home-1/importedWh', u: 'Wh', v: 3 },
      { n: 7, u: 'Wh', v: 3 },
    );
    expect(told(pack)).toEqual([['home-1/importedWh', 1_320_067_464_000, 2]]);
    expect(pack.rejected.map(({ index }) => index)).toEqual([1, 2, 3, 4, 6, 7]);
  });

  it.each([
    ['a version to come', { bver: 11 }, {}],
    ['no version', { bver: '10' }, {}],
    ['two versions', { bver: 10 }, { bver: 5 }],
    ['a time that is none', {}, { bt: '1' }],
    ['a name that is none', {}, { bn: 1 }],
    ['a unit that is none', {}, { bu: null }],
    ['a value that is none', {}, { bv: [] }],
    ['a field that must be understood (section 4.4)', {}, { scale_: 1000 }],
    ['such a field in the leading record', { scale_: 1000 }, {}],
  ])('refuse the pack for %s', (_name, head, record) => {
    const good = { n: 'home-1/activePowerW', t: 1, v: 1 };
    expect(() => decoded(head, good, { ...good, ...record })).toThrow(
      expect.objectContaining({ code: 'core.pack-malformed' }),
    );
  });

  it('that nobody must understand are passed over, whatever stands in a text', () => {
    const pack = decoded({ ut: 5, by: 'me' }, { n: 'home-1/operatingState', t: 1, vs: 'on_', _a: 1 });
    expect(told(pack)).toEqual([['home-1/operatingState', 1000, 'on_']]);
    const escaped = `[${JSON.stringify(key)},{"scale\\u005f":1}]`;
    expect(() => decodePack(escaped)).toThrow(/scale_/);
  });
});

describe('A value', () => {
  it.each([
    ['importedWh', 9_007_199_254_740],
    ['importedWh', -5],
    ['activePowerW', -1e12],
  ])('of %s may be %d', (point, v) => {
    expect(told(decoded({}, { n: `home-1/${point}`, t: 1, v }))).toEqual([[`home-1/${point}`, 1000, v]]);
  });

  it.each([
    ['importedWh', 9_007_199_254_741],
    ['exportedWh', -1e16],
    ['activePowerW', 1e308],
    ['temperatureC', -1.1e12],
  ])('of %s may not be %d, nor is it written', (point, value) => {
    const { pack, rejected } = decoded({}, { n: `home-1/${point}`, t: 1, v: value });
    expect([pack.samples, rejected.map(({ reason }) => reason)]).toEqual([
      [],
      ['the value is larger than this point can have'],
    ]);
    const sample = { device: 'home-1', point: point as PointName, timeMs: 1000, value, quality: 'good' as const };
    const written = decodePack(encodePack({ ...empty, samples: [sample] }));
    expect(written.rejected).toEqual([]);
    expect(written.pack.samples).toEqual([{ ...sample, value: null, quality: 'implausible' }]);
  });

  it('is judged with its base', () => {
    expect(decoded({ bv: 9e11 }, { n: 'home-1/activePowerW', t: 1, v: 9e11 }).rejected).toHaveLength(1);
  });
});

describe('Bytes and their text', () => {
  const bytesOf = (text: string) => new TextEncoder().encode(text);

  it('are both refused with a byte order mark (RFC 8259 section 8.1)', () => {
    const text = `\ufeff${encodePack(empty)}`;
    for (const input of [text, bytesOf(text)]) {
      expect(() => decodePack(input)).toThrow(expect.objectContaining({ code: 'core.pack-malformed' }));
    }
  });

  it('are refused when they are too many; a part of a pack written out in full may be longer', () => {
    const records = Array.from({ length: PACK_LIMITS.recordsMax - 1 }, (_, i) => ({ t: i, v: i + 0.5 }));
    const short = JSON.stringify(
      [key, { bn: `${edge}/home-${'1'.repeat(30)}/activePowerL1W`, bt: 1.7e9, t: -1, v: 1 }, ...records].slice(0, 1000),
    );
    expect(bytesOf(short).length).toBeLessThan(PACK_LIMITS.bytesMax);
    const { pack } = decodePack(bytesOf(short));
    const long = encodePack(pack);
    expect(bytesOf(long).length).toBeGreaterThan(PACK_LIMITS.bytesMax);
    expect(decodePack(long).pack).toEqual(pack);
    expect(() => decodePack(bytesOf(long))).toThrow(expect.objectContaining({ code: 'core.pack-malformed' }));
    expect(() => decodePack(' '.repeat(PACK_LIMITS.textMax + 1))).toThrow(/over the limit/);
  });

  it('say the same: what the broker takes as bytes, others read from its text', () => {
    const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
    const junk = fc.constantFrom('\ufeff', 'Zähler', '\u0000', '"', '\\ud800', ' ', '\n', '_', 'e999', '[');
    const start = encodePack({ ...empty, events: [{ device: 'edge', type: 'x', timeMs: 1, body: { a: 'ä' } }] });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(start.length), junk), { maxLength: 3 }), fc.nat(), (edits, cut) => {
        let text = start;
        for (const [at, insert] of edits) text = text.slice(0, at) + insert + text.slice(at);
        const bytes = bytesOf(text);
        if (cut % 3 === 0) bytes[cut % bytes.length] = 0x80 + (cut % 0x80);
        let taken: unknown;
        try {
          taken = decodePack(bytes);
        } catch {
          return;
        }
        expect(decodePack(utf8.decode(bytes))).toEqual(taken);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what is nested deeper than any pack, before it is parsed, and half a surrogate pair', () => {
    const head = encodePack(empty).slice(0, -1);
    const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    const record = (x: string) => `${head},{"n":"pv-1/activePowerW","t":1800000000,"v":1,"x":${x}}]`;
    expect(decodePack(record(deep(12))).pack.samples).toHaveLength(1);
    for (const levels of [20, 30_000]) expect(() => decodePack(record(deep(levels)))).toThrow(/nested/);
    const brackets = JSON.stringify('[{'.repeat(500));
    expect(decodePack(record(brackets)).pack.samples).toHaveLength(1);
    const event = JSON.stringify(`{"a":${deep(30)}}`);
    const odd = `${head},{"n":"edge/event.gap","t":1800000000,"vs":${event}},{"n":"m/activity","t":1800000000,"vs":"\\ud800"}]`;
    expect(decodePack(odd).rejected.map(({ reason }) => reason)).toEqual([
      'the event body is nested too deep',
      'the value is no well-formed text',
    ]);
  });
});
