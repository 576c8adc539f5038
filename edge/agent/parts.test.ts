import { CodedError, type EventRecord, encodePack, PACK_LIMITS, type Sample } from '@commonworks/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackDraft } from '../outbox/outbox.ts';
import { createCollector } from './collector.ts';
import { createDeviceHealth } from './device-health.ts';
import { createLineReader, type LineOutput } from './line-reader.ts';
import type { Source } from './source.ts';

const NOW = Date.UTC(2025, 5, 1, 12);
const BOOT = '01900000-0000-7000-8000-0000000000b0';
const sample = (timeMs: number, value: number | string = 1): Sample => ({
  device: 'home-1',
  point: typeof value === 'string' ? 'operatingState' : 'importedWh',
  timeMs,
  value,
  quality: 'good',
});

describe('A collector', () => {
  it('never makes a pack over the limits, and loses nothing', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 400 });
    const event = text.map((raw): EventRecord => ({ device: 'cnc-1', type: 'machine', timeMs: NOW, body: { raw } }));
    await fc.assert(
      fc.asyncProperty(fc.nat(1500), fc.array(event, { maxLength: 60 }), async (count, events) => {
        const kept: PackDraft[] = [];
        const keep = async (drafts: readonly PackDraft[]) => void kept.push(...drafts);
        const collector = createCollector({ keep, onFault: () => undefined });
        collector.add(
          Array.from({ length: count }, (_, i) => sample(NOW + i)),
          events,
        );
        expect(await collector.commit()).toBe(true);
        for (const draft of kept) {
          const body = encodePack({ edge: BOOT, epoch: BOOT, seq: 2 ** 40, boot: BOOT, ...draft });
          expect(Buffer.byteLength(body)).toBeLessThanOrEqual(PACK_LIMITS.bytesMax);
          expect((JSON.parse(body) as unknown[]).length).toBeLessThanOrEqual(PACK_LIMITS.recordsMax);
        }
        expect(kept.flatMap((draft) => draft.samples)).toHaveLength(count);
        expect(kept.flatMap((draft) => draft.events)).toEqual(events);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps what could not be written, in order, and says so once', async () => {
    const faults: (string | null)[] = [];
    const kept: Sample[] = [];
    let isFull = true;
    const collector = createCollector({
      keep: async (drafts) => {
        if (isFull) throw new CodedError('edge.outbox-write-failed', 'disk full');
        kept.push(...drafts.flatMap((draft) => draft.samples));
      },
      onFault: (error) => faults.push(error === null ? null : error.message),
    });
    for (let i = 0; i < 3; i++) {
      collector.add([sample(NOW + i)]);
      expect(await collector.commit()).toBe(false);
    }
    isFull = false;
    expect(await collector.commit()).toBe(true);
    expect(kept.map(({ timeMs }) => timeMs)).toEqual([NOW, NOW + 1, NOW + 2]);
    expect(faults).toEqual(['disk full', null]);
    await collector.close();
  });

  it('takes one value for a series and an instant', async () => {
    const kept: PackDraft[] = [];
    const keep = async (drafts: readonly PackDraft[]) => void kept.push(...drafts);
    const collector = createCollector({ keep, onFault: () => undefined });
    collector.add([sample(NOW, 1), sample(NOW, 2), sample(NOW + 1, 3)]);
    await collector.close();
    expect(kept.flatMap((draft) => draft.samples.map(({ value }) => value))).toEqual([1, 3]);
  });
});

describe('The health of a device', () => {
  const timeout = new CodedError('edge.modbus-timeout', 'no reply in time');

  it('changes after the second failure, and marks the hole where it begins and at interval edges', () => {
    const health = createDeviceHealth('home-1', new Set(['importedWh']));
    expect(health.succeed()?.state).toBe('online');
    expect(health.succeed()).toBe(null);
    const steps = [NOW + 10_000, NOW + 20_000, NOW + 30_000, NOW + 900_000].map((timeMs) =>
      health.fail(timeout, timeMs),
    );
    expect(steps.map((step) => step.event?.state)).toEqual([undefined, 'unreachable', undefined, undefined]);
    expect(steps.map((step) => step.missing.length)).toEqual([1, 0, 0, 1]);
    expect(steps[0]?.missing[0]).toMatchObject({ value: null, quality: 'missing', point: 'importedWh' });
    expect(health.succeed()?.state).toBe('online');
  });

  it('tells a device that answers wrongly from one that does not answer', () => {
    const refused = new CodedError('edge.modbus-exception', 'exception 2', { detail: { exception: 2 } });
    expect(createDeviceHealth('a', new Set()).fail(refused, NOW).event?.state).toBe('misconfigured');
    expect(createDeviceHealth('a', new Set()).fail(timeout, NOW).event?.state).toBe('unreachable');
  });
});

describe('A line', () => {
  const source = (read: Source['read']): Source => ({
    device: 'home-1',
    title: 'Home 1',
    profile: 'p',
    points: ['importedWh', 'voltageV'],
    commands: [],
    periodMs: 10_000,
    kept: new Set(['importedWh']),
    needsEnergy: false,
    identify: async () => null,
    read,
  });
  const readings = new Map([
    ['importedWh', { value: 1, quality: 'good' }],
    ['voltageV', { value: 230, quality: 'good' }],
  ] as const);

  it('keeps the points of the data lane and shows all', async () => {
    const outputs: LineOutput[] = [];
    const line = { name: 'l', sources: [source(async () => ({ timeMs: null, readings }))] };
    const reader = createLineReader(line, { now: () => NOW + 500, onOutput: (output) => outputs.push(output) });
    await reader.round(NOW, { isReplaying: false });
    await reader.round(NOW + 1000, { isReplaying: false });
    expect(outputs).toHaveLength(1);
    expect(outputs[0]?.samples).toEqual([sample(NOW)]);
    expect(Object.keys(outputs[0]?.live?.values ?? {})).toEqual(['importedWh', 'voltageV']);
  });

  it('dates a reading that came a whole period late by when it came', async () => {
    const outputs: LineOutput[] = [];
    const line = { name: 'l', sources: [source(async () => ({ timeMs: null, readings }))] };
    const reader = createLineReader(line, { now: () => NOW + 12_000, onOutput: (output) => outputs.push(output) });
    await reader.round(NOW, { isReplaying: false });
    expect(outputs[0]?.samples[0]?.timeMs).toBe(NOW + 12_000);
  });

  it('that is still busy skips instants instead of queueing them', async () => {
    const release = Promise.withResolvers<void>();
    const slow = source(async () => {
      await release.promise;
      return { timeMs: null, readings };
    });
    const reader = createLineReader({ name: 'l', sources: [slow] }, { now: () => NOW, onOutput: () => undefined });
    const first = reader.round(NOW, { isReplaying: false });
    expect(reader.round(NOW + 10_000, { isReplaying: false })).toBe(null);
    release.resolve();
    await first;
    expect(reader.round(NOW + 20_000, { isReplaying: false })).not.toBe(null);
  });
});
