/** Cuts the power of an outbox while packs are kept, sent and trimmed: no key is lost, none is ever given to other bytes. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVolatileDisk } from '../faults/volatile-disk.ts';
import type { Said, SaidPack } from './outbox-writer.ts';
import { applyPlan, type CutOptions, FLUSH_MICROS, planCut, type Tally } from './power-cut.ts';
import { liveUntilCut } from './writer-process.ts';

const WRITER = new URL('./outbox-writer.ts', import.meta.url);

/** What the log of a broker would know. */
export class Knowledge {
  readonly hashes = new Map<string, string>();
  readonly kept = new Map<string, SaidPack>();
  readonly commands = new Set<string>();
  readonly lost: string[] = [];
  readonly doubled: string[] = [];
  #lastSeq = new Map<string, number>();

  hear(line: Said): void {
    if (line.said === 'open') this.#compare(line);
    if (line.said === 'kept') for (const pack of line.packs) this.#keep(pack);
    if (line.said === 'remembered') this.commands.add(line.command);
    if (line.said !== 'trimming') return;
    for (const [key, { epoch, seq }] of this.kept) if (epoch === line.epoch && seq <= line.seq) this.kept.delete(key);
  }

  #compare({ packs, commands, damagedFile }: Extract<Said, { said: 'open' }>): void {
    if (damagedFile !== null) this.lost.push(`the file was found damaged: ${damagedFile}`);
    const there = new Map(packs.map((pack) => [keyOf(pack), pack]));
    for (const [key, { hash }] of this.kept) if (there.get(key)?.hash !== hash) this.lost.push(key);
    for (const command of this.commands) if (!commands.includes(command)) this.lost.push(`command ${command}`);
    let before: SaidPack | undefined;
    for (const pack of packs) {
      if (before?.epoch === pack.epoch && pack.seq !== before.seq + 1) this.lost.push(`a gap before ${keyOf(pack)}`);
      before = pack;
      this.#keep(pack);
    }
  }

  #keep(pack: SaidPack): void {
    const key = keyOf(pack);
    const known = this.hashes.get(key);
    if (known !== undefined && known !== pack.hash) this.doubled.push(`${key} has other bytes than were sent`);
    const last = this.#lastSeq.get(pack.epoch) ?? 0;
    if (known === undefined && pack.seq !== last + 1) this.lost.push(`${key} follows ${last}`);
    this.#lastSeq.set(pack.epoch, Math.max(last, pack.seq));
    this.hashes.set(key, pack.hash);
    this.kept.set(key, pack);
  }
}

const keyOf = ({ epoch, seq }: SaidPack): string => `${epoch} ${seq}`;

export async function cutOutbox({ cuts, random, library, env }: CutOptions): Promise<Tally> {
  const aside = mkdtempSync(join(tmpdir(), 'commonworks-outbox-'));
  const folder = join(aside, 'data');
  mkdirSync(folder);
  const disk = createVolatileDisk({ folder, aside, library }, { flushMicros: FLUSH_MICROS });
  const knowledge = new Knowledge();
  const edge = randomUUID();
  try {
    for (let cut = 0; cut <= cuts; cut++) {
      const plan = planCut(cut, random, { start: 40, load: 600, checkpoint: 600 });
      // After the last cut it only has to open.
      if (cut < cuts) applyPlan(disk, plan);
      const args = [join(folder, 'outbox.db'), edge, String(Math.floor(random() * 1e9))];
      const onLine = (line: Said) => (cut === cuts && line.said === 'open' ? 'stop' : 'go on');
      const { lines } = await liveUntilCut<Said>({ disk, entry: WRITER, args }, { env, onLine });
      for (const line of lines) knowledge.hear(line);
      disk.cutPower(plan.unflushed);
    }
  } finally {
    disk.close();
    rmSync(aside, { recursive: true, force: true });
  }
  const { hashes, commands, lost, doubled } = knowledge;
  return { cuts, acknowledged: hashes.size + commands.size, lost, doubled };
}
