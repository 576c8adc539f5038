/** A disk that is full or fails: nothing is acknowledged that is not on it, the process says what is wrong, and goes on when it can. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cutting, look, openCutting, startOnDisk } from './cuts/broker-cuts.ts';
import { makeLedgerFile } from './cuts/ledger-cast.ts';
import { Answered } from './cuts/ledger-cuts.ts';
import type { Said as SaidOfLedger } from './cuts/ledger-writer.ts';
import { Knowledge } from './cuts/outbox-cuts.ts';
import type { Said as SaidOfOutbox } from './cuts/outbox-writer.ts';
import { liveUntilCut } from './cuts/writer-process.ts';
import { seeded, until } from './faults/real-time.ts';
import { compileVolatileDisk, createVolatileDisk, type DiskFault, type VolatileDisk } from './faults/volatile-disk.ts';
import type { BrokerProcess } from './peers/broker-process.ts';
import { seedOf } from './setup/seed.ts';

const SEED = seedOf('CUT_SEED');
const isLong = process.env['LONG'] === '1';
const FAULTS: readonly Omit<DiskFault, 'after'>[] = [
  { of: 'writes', errno: 'ENOSPC' },
  { of: 'writes', errno: 'EIO' },
  { of: 'flushes', errno: 'EIO' },
];

let folder: string;
let library: string;
let env: { NODE_COMPILE_CACHE: string };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'commonworks-faults-'));
  library = compileVolatileDisk(folder);
  env = { NODE_COMPILE_CACHE: join(folder, 'code') };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe(`a broker whose disk fails (CUT_SEED=${SEED})`, () => {
  it.each(FAULTS)('acknowledges nothing while $of fail with $errno, says so once, and goes on', async (fault) => {
    await using cutting = await openCutting(library, env);
    const { disk, edges } = cutting;
    const random = seeded(SEED);
    const broker = await startOnDisk(cutting);
    const send = (ms: number) =>
      Promise.all(edges.map((edge) => edge.run(cutting.site, broker, AbortSignal.timeout(ms))));
    await send(300);
    for (let round = 1; round <= (isLong ? 10 : 1); round++) {
      disk.fail({ ...fault, after: Math.floor(random() * 60) });
      await until(() => send(100).then(() => isWritable(broker).then((is) => !is)), 30_000, 'a commit to fail');
      const before = acknowledged(cutting);
      await send(300);
      expect(acknowledged(cutting)).toBe(before);
      await until(() => timesSaid(broker) === round, 30_000, 'the broker to say so');
      disk.heal();
      await until(() => send(100).then(() => acknowledged(cutting) > before), 30_000, 'a commit to succeed');
      expect(await isWritable(broker)).toBe(true);
      expect(timesSaid(broker)).toBe(round);
    }
    await broker.stop('SIGKILL');
    disk.cutPower({ keep: 'some', random });
    const again = await startOnDisk(cutting);
    await look(cutting, again);
    await again.stop();
    expect(cutting.found).toEqual({ lost: [], doubled: [] });
  });

  it('loses nothing when only its checkpoints cannot be flushed, neither while they fail nor afterwards', async () => {
    await using cutting = await openCutting(library, env);
    const { disk, edges, site } = cutting;
    const random = seeded(SEED);
    for (const isHealed of [false, true]) {
      const broker = await startOnDisk(cutting);
      const wrote = disk.read('checkpointWrites');
      const sendUntilCheckpoint = (more: number) =>
        until(
          async () => {
            await Promise.all(edges.map((edge) => edge.run(site, broker, AbortSignal.timeout(300))));
            return disk.read('checkpointWrites') > wrote + more;
          },
          60_000,
          'a checkpoint',
        );
      disk.failCheckpoints();
      await sendUntilCheckpoint(0);
      expect(await isWritable(broker)).toBe(true);
      if (isHealed) disk.heal();
      await sendUntilCheckpoint(disk.read('checkpointWrites') - wrote);
      await broker.stop('SIGKILL');
      disk.cutPower(isHealed ? { keep: 'nothing' } : { keep: 'some', random });
      const again = await startOnDisk(cutting);
      await look(cutting, again);
      await again.stop();
      expect(cutting.found).toEqual({ lost: [], doubled: [] });
    }
  });

  it('does not start on a disk that fails, or starts; it says why, and loses nothing by it', async () => {
    await using cutting = await openCutting(library, env);
    const { disk, site, edges } = cutting;
    const random = seeded(SEED);
    for (let i = 0; i < (isLong ? 40 : 3); i++) {
      const fault = FAULTS[i % FAULTS.length] ?? { of: 'writes', errno: 'EIO' };
      disk.fail({ ...fault, after: Math.floor(random() * (fault.of === 'writes' ? 8 : 4)) });
      const broker = await startOnDisk(cutting).catch((error: unknown) => {
        expect(String(error)).toMatch(/ended with 1: .*"code":"telemetry\.database-unusable"/s);
        return null;
      });
      disk.heal();
      if (broker !== null) await Promise.all(edges.map((edge) => edge.run(site, broker, AbortSignal.timeout(100))));
      await broker?.stop('SIGKILL');
      disk.cutPower({ keep: 'some', random });
    }
    const broker = await startOnDisk(cutting);
    await look(cutting, broker);
    await broker.stop();
    expect(cutting.found).toEqual({ lost: [], doubled: [] });
  });
});

const acknowledged = ({ edges }: Cutting): number => edges.reduce((sum, edge) => sum + edge.acked.size, 0);

function timesSaid(broker: BrokerProcess): number {
  return broker.output().split('"code":"broker.commit-failed"').length - 1;
}

async function isWritable(broker: BrokerProcess): Promise<boolean> {
  return (await fetch(`${broker.logUrl}/healthz`)).status === 200;
}

type Writer<Line> = {
  readonly entry: string;
  readonly args: (file: string) => string[];
  readonly hear: (line: Line) => void;
  readonly kept: Line extends { readonly said: infer S } ? S : never;
};

/** Two lives: one in which the disk fails again and again, and one that shows what is there. Returns what it said of the faults. */
async function liveThroughFaults<Line extends { readonly said: string; readonly fault?: string }>(
  writer: Writer<Line>,
  {
    disk,
    file,
    fault,
    random,
  }: { disk: VolatileDisk; file: string; fault: Omit<DiskFault, 'after'>; random: () => number },
): Promise<string[]> {
  const process = { disk, entry: new URL(writer.entry, import.meta.url), args: writer.args(file) };
  const count = { failed: 0, kept: 0, rounds: 0 };
  const said: string[] = [];
  const { lines } = await liveUntilCut<Line>(process, {
    env,
    onLine: (line) => {
      if (line.said === 'open') disk.fail({ ...fault, after: Math.floor(random() * 40) });
      if (line.said === 'failed' && ++count.failed % 3 === 0) disk.heal();
      if (line.said === 'failed') said.push(line.fault ?? '');
      if (line.said === writer.kept && count.failed > 0 && ++count.kept % 6 === 0) {
        if (++count.rounds === (isLong ? 20 : 2)) return 'stop';
        disk.fail({ ...fault, after: Math.floor(random() * 40) });
      }
      return 'go on';
    },
  });
  for (const line of lines) writer.hear(line);
  disk.cutPower({ keep: 'some', random });
  const after = await liveUntilCut<Line>(process, { env, onLine: (line) => (line.said === 'open' ? 'stop' : 'go on') });
  for (const line of after.lines) writer.hear(line);
  return said;
}

describe(`what is written on a disk that fails (CUT_SEED=${SEED})`, () => {
  let disks = 0;
  const newDisk = async (name: string, make: (file: string) => Promise<void>) => {
    const aside = join(folder, `disk-${++disks}`);
    const data = join(aside, 'data');
    mkdirSync(data, { recursive: true });
    await make(join(data, name));
    return { file: join(data, name), disk: createVolatileDisk({ folder: data, aside, library }) };
  };

  it.each(FAULTS)(
    'an outbox keeps what it reported as kept and says edge.outbox-write-failed, while $of fail with $errno',
    async (fault) => {
      const [knowledge, edge] = [new Knowledge(), randomUUID()];
      const made = await newDisk('outbox.db', async () => undefined);
      const said = await liveThroughFaults<SaidOfOutbox>(
        {
          ...{ entry: './cuts/outbox-writer.ts', args: (file) => [file, edge, String(SEED)], kept: 'kept' },
          ...{ hear: (line) => knowledge.hear(line) },
        },
        { ...made, fault, random: seeded(SEED) },
      );
      expect(new Set(said)).toEqual(new Set(['edge.outbox-write-failed']));
      expect([knowledge.lost, knowledge.doubled]).toEqual([[], []]);
      expect(knowledge.kept.size).toBeGreaterThan(5);
    },
  );

  it.each(FAULTS)(
    'a ledger holds every entry that was answered and blames the disk, while $of fail with $errno',
    async (fault) => {
      const answered = new Answered();
      const made = await newDisk('community.db', makeLedgerFile);
      const said = await liveThroughFaults<SaidOfLedger>(
        {
          ...{ entry: './cuts/ledger-writer.ts', args: (file) => [file, String(SEED)], kept: 'posted' },
          ...{ hear: (line) => answered.hear(line) },
        },
        { ...made, fault, random: seeded(SEED) },
      );
      expect(new Set(said)).toEqual(new Set(['disk']));
      expect([answered.lost, answered.doubled]).toEqual([[], []]);
      expect(answered.entries.size).toBeGreaterThan(5);
    },
  );
});
