/** Power cuts at any step of a disk that loses what was not flushed: nothing that was acknowledged is lost or doubled. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cutBroker } from './cuts/broker-cuts.ts';
import { cutLedger } from './cuts/ledger-cuts.ts';
import { cutOutbox } from './cuts/outbox-cuts.ts';
import type { Tally } from './cuts/power-cut.ts';
import { cutServer } from './cuts/server-cuts.ts';
import { seeded } from './faults/real-time.ts';
import { compileVolatileDisk } from './faults/volatile-disk.ts';
import { seedOf } from './setup/seed.ts';

const SEED = seedOf('CUT_SEED');
const isLong = process.env['LONG'] === '1';
const SERIES = [
  { what: 'a broker under load', series: cutBroker, cuts: isLong ? 300 : 3 },
  { what: 'an outbox that keeps, sends and trims', series: cutOutbox, cuts: isLong ? 400 : 5 },
  { what: 'a community that posts and settles', series: cutLedger, cuts: isLong ? 240 : 3 },
  { what: 'a community server that registers people', series: cutServer, cuts: isLong ? 60 : 2 },
] as const;
const CARELESS = new URL('cuts/careless-commits.ts', import.meta.url).pathname;
const CUT_MAX_MS = 20_000;

let folder: string;
let library: string;
/** Starts are most of what a cut costs: code is compiled once. */
let env: { NODE_COMPILE_CACHE: string };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'commonworks-cuts-'));
  library = compileVolatileDisk(folder);
  env = { NODE_COMPILE_CACHE: join(folder, 'code') };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe(`power cuts (CUT_SEED=${SEED})`, () => {
  const tallies: Tally[] = [];
  afterAll(() => {
    const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
    process.stdout.write(`power cuts, all together: ${words(sum)}\n`);
  });

  it.each(SERIES)(
    'take nothing from $what that it acknowledged, in $cuts cuts',
    async ({ what, series, cuts }) => {
      const tally = await series({ cuts, random: seeded(SEED), library, env });
      tallies.push(tally);
      process.stdout.write(`power cuts of ${what}: ${words((of) => of(tally))}\n`);
      expect([tally.lost.slice(0, 20), tally.doubled.slice(0, 20)]).toEqual([[], []]);
      expect(tally.acknowledged).toBeGreaterThan(cuts * 5);
    },
    60_000 + CUT_MAX_MS * SERIES.reduce((total, { cuts }) => total + cuts, 0),
  );

  it.each(SERIES)('are noticed at $what whose commits are not flushed', async ({ series }) => {
    const careless = { ...env, NODE_OPTIONS: `--import=${CARELESS}` };
    const { lost } = await series({ cuts: 2, random: seeded(SEED), library, env: careless }).catch(noticedAs);
    expect(lost).not.toEqual([]);
  });
});

/** A database that was not flushed may be damaged, too, so that its process does not start again. */
function noticedAs(error: unknown): Pick<Tally, 'lost'> {
  return { lost: [String(error)] };
}

function words(sum: (of: (tally: Tally) => number) => number): string {
  const [cuts, acknowledged] = [sum((tally) => tally.cuts), sum((tally) => tally.acknowledged)];
  const [lost, doubled] = [sum((tally) => tally.lost.length), sum((tally) => tally.doubled.length)];
  return `${cuts} cuts / ${acknowledged} acknowledged / ${lost} lost / ${doubled} doubled`;
}
