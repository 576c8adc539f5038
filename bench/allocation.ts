/** Exact largest remainder over many members and intervals, beside the same in C. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apportion, createScratch, type Scratch } from '@commonworks/core/allocation/largest-remainder.ts';

type Size = {
  readonly members: number;
  readonly intervals: number;
  readonly demandMaxMwh: number;
  readonly title: string;
};

/** The last demands are so large that products leave 53 bits: the exact path in halves. */
const SIZES: readonly Size[] = [
  { members: 10, intervals: 350_400, demandMaxMwh: 1_000_000, title: '10 members, ten years' },
  { members: 100, intervals: 35_040, demandMaxMwh: 1_000_000, title: '100 members, a year' },
  { members: 10_000, intervals: 960, demandMaxMwh: 100_000, title: '10,000 members, ten days' },
  { members: 10_000, intervals: 960, demandMaxMwh: 5_000_000, title: '10,000 members, ten days, beyond 53 bits' },
];

const ROUNDS = 5;
/** Demands repeat after this many intervals, so that memory does not grow with the run. */
const PATTERN = 96;

export async function run(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-allocation-'));
  try {
    const peer = compilePeer(dir);
    process.stdout.write(
      `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores; best of ${ROUNDS}\n`,
    );
    if (peer === null) process.stdout.write('no C compiler (cc) here: the peer is not measured\n');
    process.stdout.write(
      '\n| size | ours, ns a cell | C -O3, ns a cell | ratio | same result |\n|---|---|---|---|---|\n',
    );
    for (const size of SIZES) process.stdout.write(`${rowOf(size, peer)}\n`);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

type Measured = { readonly nsPerCell: number; readonly checksum: number };

/** Both sides take turns, so that a busy moment of the machine does not fall on one of them. */
function rowOf(size: Size, peer: string | null): string {
  let ours = measure(size);
  let theirs = peer === null ? null : runPeer(peer, size);
  for (let round = 1; round < ROUNDS; round++) {
    ours = faster(ours, measure(size));
    if (peer !== null && theirs !== null) theirs = faster(theirs, runPeer(peer, size));
  }
  const cells = [size.title, ours.nsPerCell.toFixed(1)];
  if (theirs === null) cells.push('-', '-', '-');
  else {
    const ratio = (ours.nsPerCell / theirs.nsPerCell).toFixed(2);
    cells.push(theirs.nsPerCell.toFixed(1), ratio, theirs.checksum === ours.checksum ? 'yes' : 'NO');
  }
  return `| ${cells.join(' | ')} |`;
}

function faster(a: Measured, b: Measured): Measured {
  return b.nsPerCell < a.nsPerCell ? b : a;
}

/** A linear congruential generator both sides share (Numerical Recipes), so that they share the same numbers. */
function demandsOf({ members, demandMaxMwh }: Size): Float64Array {
  const demands = new Float64Array(members * PATTERN);
  let state = 12_345;
  for (let i = 0; i < demands.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    demands[i] = Math.floor((state / 2 ** 32) * demandMaxMwh);
  }
  return demands;
}

function measure(size: Size): Measured {
  const demands = demandsOf(size);
  const scratch = createScratch(size.members);
  const totals = new Float64Array(size.members);
  const began = process.hrtime.bigint();
  for (let t = 0; t < size.intervals; t++) shareOne(t, { size, demands, scratch, totals });
  const nanoseconds = Number(process.hrtime.bigint() - began);
  let checksum = 0;
  for (const total of totals) checksum = (checksum * 31 + (total % 1_000_003)) % 1_000_000_007;
  return { nsPerCell: nanoseconds / (size.members * size.intervals), checksum };
}

type Run = { size: Size; demands: Float64Array; scratch: Scratch; totals: Float64Array };

function shareOne(t: number, { size, demands, scratch, totals }: Run): void {
  const from = (t % PATTERN) * size.members;
  const block = demands.subarray(from, from + size.members);
  let sum = 0;
  for (let m = 0; m < block.length; m++) sum += block[m] as number;
  // Production between none and nine tenths of demand: every interval has to be shared.
  const production = Math.floor(sum * 0.9 * (((t * 40_503) % 65_536) / 65_536));
  const { shares } = apportion(production, block, { tie: (a, b) => a - b, scratch });
  for (let m = 0; m < block.length; m++) totals[m] = (totals[m] as number) + (shares[m] as number);
}

function compilePeer(dir: string): string | null {
  const program = join(dir, 'peer');
  const source = fileURLToPath(new URL('allocation-peer.c', import.meta.url));
  try {
    execFileSync('cc', ['-O3', '-march=native', '-o', program, source, '-lm'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return program;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function runPeer(program: string, { members, intervals, demandMaxMwh }: Size): Measured {
  const line = execFileSync(program, [members, intervals, demandMaxMwh].map(String), { encoding: 'utf8' });
  const [nsPerCell = 0, checksum = 0] = line.trim().split(' ').map(Number);
  return { nsPerCell, checksum };
}
