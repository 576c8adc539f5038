/** A process that keeps packs in a real outbox as fast as it can, and says each as it would be sent: `node outbox-writer.ts FILE EDGE SEED`. */
import { createHash, randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { isCoded } from '@commonworks/core';
import type { KeptPack, PackDraft } from '../../edge/outbox/outbox.ts';
import { openOutbox } from '../../edge/outbox/outbox.ts';
import { seeded } from '../faults/real-time.ts';

export type SaidPack = { readonly epoch: string; readonly seq: number; readonly hash: string };
/** A line is written at once, so that whoever listens knows exactly what was said before the power failed. */
export type Said =
  | {
      readonly said: 'open';
      readonly packs: SaidPack[];
      readonly commands: string[];
      readonly damagedFile: string | null;
    }
  | { readonly said: 'kept'; readonly packs: SaidPack[] }
  | { readonly said: 'trimming'; readonly epoch: string; readonly seq: number }
  | { readonly said: 'remembered'; readonly command: string }
  | { readonly said: 'failed'; readonly fault: string };

const [file = '', edge = '', seed = '0'] = process.argv.slice(2);
const random = seeded(Number(seed));
const say = (line: Said) => writeSync(1, `${JSON.stringify(line)}\n`);
const below = (most: number) => Math.floor(random() * most);

await using outbox = await openOutbox({
  file,
  edge,
  boot: randomUUID(),
  newEpochs: [randomUUID(), randomUUID()],
  // What the log holds stays as a reserve of a quarter of it: little enough that pages are used again.
  bytesMax: 20_000_000,
  ageMaxMs: 86_400_000,
  nowMs: Date.now(),
});
flushCompileCache();
let sentN = 0;
/** As the publisher reads what it sends. */
async function unsent(): Promise<SaidPack[]> {
  const packs: SaidPack[] = [];
  for (;;) {
    const read = await outbox.call('read', sentN, { packs: 64, bytes: 1_000_000 });
    if (read.length === 0) return packs;
    packs.push(...read.map(said));
    sentN = read.at(-1)?.n ?? sentN;
  }
}
const held = await unsent();
const commands = (await outbox.call('openCommands')).map((command) => command.id);
say({ said: 'open', packs: held, commands, damagedFile: outbox.damagedFile });
for (;;) {
  try {
    await keepSome();
  } catch (error) {
    // What the collector does: nothing of this was kept, and it is tried again.
    say({ said: 'failed', fault: isCoded(error) ? error.code : String(error) });
  }
}

async function keepSome(): Promise<void> {
  await outbox.call('append', Array.from({ length: 1 + below(3) }, draft), Date.now());
  const kept = await unsent();
  say({ said: 'kept', packs: kept });
  held.push(...kept);
  if (below(8) === 0) {
    const command = randomUUID();
    await outbox.call('rememberCommand', command, '{}', { boot: '', deadlineMs: null });
    say({ said: 'remembered', command });
  }
  const upTo = below(8) === 0 ? held[below(held.length)] : undefined;
  if (upTo === undefined) return;
  say({ said: 'trimming', epoch: upTo.epoch, seq: upTo.seq });
  await outbox.call('applyMark', upTo);
  held.splice(0, held.indexOf(upTo) + 1);
}

function draft(): PackDraft {
  const samples = Array.from({ length: 1 + below(150) }, (_, i) => {
    return {
      device: `meter-${i}`,
      point: 'importedWh' as const,
      timeMs: Date.now(),
      value: below(1e9),
      quality: 'good' as const,
    };
  });
  return { samples, events: [] };
}

function said({ epoch, seq, body }: KeptPack): SaidPack {
  return { epoch, seq, hash: createHash('sha256').update(body).digest('hex') };
}
