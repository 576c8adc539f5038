/** Cuts the power of a community's database while entries are posted and months are settled: what was answered is there. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVolatileDisk } from '../faults/volatile-disk.ts';
import { makeLedgerFile } from './ledger-cast.ts';
import type { Said } from './ledger-writer.ts';
import { applyPlan, type CutOptions, FLUSH_MICROS, planCut, type Tally } from './power-cut.ts';
import { liveUntilCut } from './writer-process.ts';

const WRITER = new URL('./ledger-writer.ts', import.meta.url);
/** Three months are soon settled; then it begins anew. */
const CUTS_PER_FILE = 10;

export async function cutLedger({ cuts, random, library, env }: CutOptions): Promise<Tally> {
  const made = mkdtempSync(join(tmpdir(), 'commonworks-ledger-'));
  const tally = { cuts: 0, acknowledged: 0, lost: [] as string[], doubled: [] as string[] };
  while (tally.cuts < cuts) {
    const aside = join(made, String(tally.cuts));
    const answered = new Answered();
    const some = Math.min(CUTS_PER_FILE, cuts - tally.cuts);
    await cutOneFile({ cuts: some, random, library, env }, { aside, answered });
    tally.cuts += some;
    tally.acknowledged += answered.entries.size + answered.runs.size;
    tally.lost.push(...answered.lost);
    tally.doubled.push(...answered.doubled);
  }
  rmSync(made, { recursive: true, force: true });
  return tally;
}

async function cutOneFile(
  { cuts, random, library, env }: CutOptions,
  { aside, answered }: { aside: string; answered: Answered },
): Promise<void> {
  const folder = join(aside, 'data');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'community.db');
  await makeLedgerFile(file);
  const disk = createVolatileDisk({ folder, aside, library }, { flushMicros: FLUSH_MICROS });
  for (let cut = 0; cut <= cuts; cut++) {
    const plan = planCut(cut, random, { start: 12, load: 600, checkpoint: 400 });
    if (cut < cuts) applyPlan(disk, plan);
    const args = [file, String(Math.floor(random() * 1e9))];
    const onLine = (line: Said) => (cut === cuts && line.said === 'open' ? 'stop' : 'go on');
    const { lines } = await liveUntilCut<Said>({ disk, entry: WRITER, args }, { env, onLine });
    for (const line of lines) answered.hear(line);
    disk.cutPower(plan.unflushed);
  }
  disk.close();
}

/** What somebody was told is so. */
export class Answered {
  /** The hash of each entry by its position, and its id. */
  readonly entries = new Map<number, { id: string; hash: string }>();
  readonly runs = new Set<string>();
  readonly lost: string[] = [];
  readonly doubled: string[] = [];

  hear(line: Said): void {
    if (line.said === 'open') this.#compare(line);
    if (line.said === 'posted') this.entries.set(line.position, line);
    if (line.said === 'settled') this.runs.add(line.run);
  }

  #compare({ entries, runs }: Extract<Said, { said: 'open' }>): void {
    const there = new Map(entries.map((entry) => [entry.position, entry]));
    for (const [position, { hash }] of this.entries) {
      if (there.get(position)?.hash !== hash) this.lost.push(`entry ${position}`);
    }
    for (const run of this.runs) if (!runs.includes(run)) this.lost.push(`run ${run}`);
    for (const [i, { position, previous }] of entries.entries()) {
      const before = entries[i - 1];
      if (position !== i + 1) this.lost.push(`the chain has ${position} in place of ${i + 1}`);
      if (before !== undefined && previous !== before.hash) this.lost.push(`the chain breaks at ${position}`);
    }
    const ids = new Set(entries.map((entry) => entry.id));
    if (ids.size !== entries.length) this.doubled.push(`${entries.length - ids.size} entries`);
    if (new Set(runs).size !== runs.length) this.doubled.push('a run');
  }
}
