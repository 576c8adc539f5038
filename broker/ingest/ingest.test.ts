/** The queue before the writing thread, with that thread and its files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePack } from '@commonworks/core';
import { EDGE_BUDGETS, type Overrun } from '@commonworks/telemetry/edge-budgets.ts';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Ingest } from './ingest.ts';
import { openStores } from './stores.ts';

const BAD = '01890000-0000-7000-8000-000000000001';
const GOOD = '01890000-0000-7000-8000-000000000002';
const EPOCH = '01890000-0000-7000-8000-0000000000e1';
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function openIngest() {
  const folder = mkdtempSync(join(tmpdir(), 'ingest-'));
  const budgets = { ...EDGE_BUDGETS, quarantineBytes: { perEdge: 600, reserved: 600, pool: 0, total: 10_000 } };
  const files = { telemetryFile: join(folder, 'telemetry.db'), brokerFile: join(folder, 'broker.db') };
  const stores = await openStores({ ...files, budgets, nowMs: Date.now() });
  onTestFinished(async () => {
    await stores.close();
    rmSync(folder, { recursive: true });
  });
  const told: (readonly Overrun[])[] = [];
  const ingest = new Ingest({
    ...{ writer: stores.writer, head: 0, commitMs: 5, log: SILENT, onMarks: () => undefined },
    hub: { moment: () => ({ nowMs: Date.now(), isTrusted: true, boot: 'b', upMs: 1 }) },
    onOverruns: (overruns) => told.push(overruns),
  });
  return { ingest, stores, told };
}

describe('A pack beyond the budget of its edge', () => {
  it('is not acknowledged, and its neighbours in the commit are; the disk is not at fault', async () => {
    const { ingest, stores, told } = await openIngest();
    const good = encodePack({ edge: GOOD, epoch: EPOCH, seq: 1, boot: EPOCH, samples: [], events: [] });
    const outcomes = await Promise.allSettled([
      ingest.keep(BAD, Buffer.from('one')),
      ingest.keep(BAD, Buffer.from('two')),
      ingest.keep(GOOD, Buffer.from(good)),
      ingest.keep(GOOD, Buffer.from('three')),
    ]);
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: 'quarantined' },
      { status: 'rejected', reason: expect.objectContaining({ code: 'broker.quarantine-full' }) },
      { status: 'fulfilled', value: 'held' },
      { status: 'fulfilled', value: 'quarantined' },
    ]);
    expect(told).toEqual([[{ edge: BAD, budget: 'quarantine', count: 1 }]]);
    expect([ingest.isWritable, ingest.head]).toEqual([true, 1]);
    expect(ingest.counts).toMatchObject({ held: 1, quarantined: 2, refused: 1, failures: 0, commits: 1 });
    expect((await stores.reads.readDeadLetters(0, 10)).map(({ text }) => text)).toEqual(['one', 'three']);
  });

  it('is taken once the quarantine of its edge was released', async () => {
    const { ingest, stores, told } = await openIngest();
    await ingest.keep(BAD, Buffer.from('one'));
    await ingest.keep(GOOD, Buffer.from('three'));
    expect(told).toEqual([[], []]);
    expect(await ingest.releaseQuarantine(BAD)).toBe(1);
    expect(await ingest.keep(BAD, Buffer.from('two'))).toBe('quarantined');
    expect((await stores.reads.readDeadLetters(0, 10)).map(({ text }) => text)).toEqual(['three', 'two']);
    expect(await stores.reads.counts()).toMatchObject({ deadLetters: 2 });
  });
});
