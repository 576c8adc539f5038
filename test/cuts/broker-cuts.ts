/** Cuts the power of a real broker under load, again and again, and looks for everything that it acknowledged. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BrokerStatus, LogPage } from '@commonworks/core';
import { hashSecret } from '../../broker/access/secret-hash.ts';
import { LoadEdge } from '../broker/load.ts';
import { createVolatileDisk, type VolatileDisk } from '../faults/volatile-disk.ts';
import {
  type BrokerProcess,
  type BrokerSite,
  getJson,
  newBrokerSite,
  putAccess,
  startBrokerProcess,
} from '../peers/broker-process.ts';
import { applyPlan, type CutOptions, type CutPlan, FLUSH_MICROS, onDisk, planCut, type Tally } from './power-cut.ts';

/** A site begins anew after so many cuts, so that its log stays short enough to be read as a whole. */
const CUTS_PER_SITE = 25;
const EDGES = 2;
const ACCESS_VERSION = 1;
/** A cut that does not come by itself comes then. */
const LOAD_MAX_MS = 4000;
const SECRET_HASH = await hashSecret('load');

type Held = { cursor: number; readonly hashes: Map<string, string> };

export async function cutBroker({ cuts, random, library, env }: CutOptions): Promise<Tally> {
  const tally = { cuts: 0, acknowledged: 0, lost: [] as string[], doubled: [] as string[] };
  while (tally.cuts < cuts) {
    const of = await cutOneSite({ cuts: Math.min(CUTS_PER_SITE, cuts - tally.cuts), random, library, env });
    tally.cuts += of.cuts;
    tally.acknowledged += of.acknowledged;
    tally.lost.push(...of.lost);
    tally.doubled.push(...of.doubled);
  }
  return tally;
}

async function cutOneSite({ cuts, random, library, env }: CutOptions): Promise<Tally> {
  await using cutting = await openCutting(library, env);
  const { disk, edges, held, found } = cutting;
  for (let cut = 0; cut < cuts; cut++) {
    const plan = planCut(cut, random, { start: 60, load: 1500, checkpoint: 1500 });
    await runUntilCut(cutting, plan);
    disk.cutPower(plan.unflushed);
  }
  const broker = await startOnDisk(cutting);
  held.cursor = 0;
  held.hashes.clear();
  await look(cutting, broker);
  await broker.stop();
  return { cuts, acknowledged: edges.reduce((sum, edge) => sum + edge.acked.size, 0), ...found };
}

/** A site on a simulated disk, with edges that may log in. */
export async function openCutting(library: string, env: CutOptions['env']): Promise<Cutting & AsyncDisposable> {
  const site = newBrokerSite();
  const aside = join(site.dir, '..', 'disk');
  mkdirSync(aside);
  const disk = createVolatileDisk({ folder: join(site.dir, 'data'), aside, library }, { flushMicros: FLUSH_MICROS });
  const cutting = {
    ...{ site, disk, env, edges: Array.from({ length: EDGES }, () => new LoadEdge('load')) },
    ...{ held: { cursor: 0, hashes: new Map() }, found: { lost: [], doubled: [] } },
  };
  await prepare(cutting);
  return {
    ...cutting,
    [Symbol.asyncDispose]: async () => {
      disk.close();
      site[Symbol.dispose]();
    },
  };
}

export function startOnDisk({ site, disk, env }: Cutting): Promise<BrokerProcess> {
  return startBrokerProcess(site, onDisk(disk, env));
}

/** The first start, with the edges' access: nothing is cut here. */
async function prepare(cutting: Cutting): Promise<void> {
  const { site, disk, edges } = cutting;
  const broker = await startOnDisk(cutting);
  await putAccess(site, broker, {
    version: ACCESS_VERSION,
    community: site.config.community.id,
    principals: edges.map(({ id }) => ({ user: id, role: 'edge', secretHash: SECRET_HASH, enabled: true })),
  });
  await broker.stop();
  disk.cutPower({ keep: 'nothing' });
}

export type Cutting = {
  readonly site: BrokerSite;
  readonly disk: VolatileDisk;
  readonly env: CutOptions['env'];
  readonly edges: readonly LoadEdge[];
  readonly held: Held;
  readonly found: { readonly lost: string[]; readonly doubled: string[] };
};

async function runUntilCut(cutting: Cutting, plan: CutPlan): Promise<void> {
  const { site, disk, edges } = cutting;
  applyPlan(disk, plan);
  const broker = await startOnDisk(cutting).catch((error: unknown) => {
    if (!disk.hasFailed()) throw error;
    return null;
  });
  if (broker === null) return;
  const isWhole = await look(cutting, broker).then(
    () => true,
    (error: unknown) => {
      if (!disk.hasFailed()) throw error;
      return false;
    },
  );
  if (isWhole) {
    const stop = AbortSignal.timeout(LOAD_MAX_MS);
    await Promise.all(edges.map((edge) => edge.run(site, broker, stop)));
    for (let i = 0; i < 10 && !disk.hasFailed(); i++) await pause(1);
  }
  await broker.stop('SIGKILL');
}

/** What came into the log since the last look is read, and everything acknowledged must be there, once, with its bytes. */
export async function look({ site, edges, held, found }: Cutting, broker: BrokerProcess): Promise<void> {
  for (;;) {
    const page = await getJson<LogPage>(site, broker, `/log?after=${held.cursor}`);
    for (const { edge, epoch, seq, hash, body } of page.entries) {
      const key = `${edge} ${epoch} ${seq}`;
      if (held.hashes.has(key)) found.doubled.push(key);
      const isSame = createHash('sha256').update(body).digest('hex') === hash;
      held.hashes.set(key, isSame ? hash : `not ${hash}`);
    }
    if (page.entries.length === 0) break;
    held.cursor = page.next;
  }
  const { marks, accessVersion } = await getJson<BrokerStatus>(site, broker, '/status');
  if (accessVersion !== ACCESS_VERSION) found.lost.push(`the access document: version ${accessVersion}`);
  for (const edge of edges) {
    for (const [seq, hash] of edge.acked) {
      const key = `${edge.id} ${edge.epoch} ${seq}`;
      if (held.hashes.get(key) !== hash) found.lost.push(key);
    }
    const mark = marks.find((one) => one.edge === edge.id)?.seq ?? 0;
    const { highest, fallen } = edge.marks;
    if (mark < highest) found.lost.push(`${edge.id}: the mark fell from ${highest} to ${mark}`);
    for (const seq of fallen) found.lost.push(`${edge.id}: the mark fell back to ${seq}`);
    for (let seq = 1; seq <= mark; seq++) {
      if (!held.hashes.has(`${edge.id} ${edge.epoch} ${seq}`)) found.lost.push(`${edge.id}: ${seq} under its mark`);
    }
  }
}
