/** From samples to points: nothing a device says can break out of its field. */
import type { Sample } from '@commonworks/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pointsOfPack } from './points.ts';

const EDGE = '01890000-0000-7000-8000-000000000001';
const TIME_MS = Date.UTC(2026, 0, 1);
const pack = (samples: Sample[]) => ({ edge: EDGE, epoch: EDGE, seq: 1, boot: EDGE, samples, events: [] });

it('gives a missing value its quality and nothing else: missing is never zero', () => {
  const sample: Sample = { device: 'm', point: 'voltageV', timeMs: TIME_MS, value: null, quality: 'missing' };
  expect(pointsOfPack(pack([sample]), 'c').points[0]?.fields).toEqual({ quality: 5 });
});

it('keeps any word of a device within its field', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (word) => {
      const sample: Sample = { device: 'm', point: 'activity', timeMs: TIME_MS, value: word, quality: 'good' };
      const state = pointsOfPack(pack([sample]), 'c').points[0]?.fields.state ?? '';
      expect(state.length).toBeLessThanOrEqual(200);
      expect(/["\\\n\r\0]/.test(state)).toBe(false);
    }),
    { numRuns: 50 },
  );
});

it('is a pure function of the pack', () => {
  const samples: Sample[] = [{ device: 'm', point: 'importedWh', timeMs: TIME_MS, value: 1.5, quality: 'estimated' }];
  const first = pointsOfPack(pack(samples), 'c');
  expect(pointsOfPack(pack(samples), 'c')).toEqual(first);
  expect(first.points).toEqual([
    {
      measurement: 'importedWh',
      tags: { community: 'c', edge: EDGE, device: 'm' },
      fields: { value: 1.5, quality: 1 },
      timeMs: TIME_MS,
    },
  ]);
});
