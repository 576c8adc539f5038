/** The whole of it: open the site, let everything go wrong for a while, let it heal, and hold it against what truly happened. */

import { join } from 'node:path';
import { auditSite } from '../../cli/commands/audit.ts';
import { foundBy } from '../site/found-by.ts';
import { installTap } from '../site/outbox-tap.ts';
import { withDatabase } from '../site/stored.ts';
import { CYCLE_MS, type Happened, runBadCycle } from './bad-minutes.ts';
import { type BadSite, lastLines, openBadSite } from './bad-site.ts';
import {
  compareIntervals,
  compareLog,
  comparePlacement,
  compareRelays,
  compareSessions,
  type Placement,
  readLog,
  readSessions,
  serialsOf,
} from './compare.ts';
import { hasFollowed } from './month-of-lies.ts';
import { deliverLate, issueUnheard } from './old-command.ts';
import { until } from './real-time.ts';

export type BadHour = {
  readonly faults: readonly string[];
  readonly placements: readonly Placement[];
  /** Of the meter that was swapped, as its agent told them. */
  readonly serials: readonly string[];
  readonly intervals: { readonly count: number; readonly wrong: readonly string[] };
  readonly packs: { readonly lost: readonly string[]; readonly dropped: readonly string[] };
  /** By code: what the broker could not take as it came. */
  readonly deadLetters: readonly string[];
  readonly relays: readonly string[];
  readonly sessions: { readonly lines: readonly string[]; readonly wrong: readonly string[] };
  /** What had not healed in time. */
  readonly unhealed: readonly string[];
  /** By the checks of the stored data, at the end. */
  readonly found: readonly string[];
};

const HEAL_MS = 60_000;

export async function runBadHour(options: { seed: number; forMs: number }): Promise<BadHour> {
  await using bad = await openBadSite();
  for (const { outboxFile } of Object.values(bad.agents))
    await until(() => installTap(outboxFile), 20_000, 'the outbox');
  // The power goes first, and takes with it what an agent has just read: who hung there before has to be known by then.
  await until(
    () => isNumberKnown(bad, 'home-3'),
    HEAL_MS,
    () => `the old meter's number\n${lastLines(bad)}`,
  );
  const happened: Happened = { faults: [], sessions: [], leases: [], shopOutages: [] };
  const cycles = Math.max(1, Math.floor(options.forMs / CYCLE_MS));
  for (let cycle = 0; cycle < cycles; cycle++) {
    const old = await issueUnheard(bad);
    if (cycle === 0) bad.wires.swapMeter();
    await runBadCycle(bad, happened, options.seed + cycle);
    await deliverLate(bad, old);
  }
  const unhealed = await heal(bad);
  for (const { process } of Object.values(bad.agents)) await process.stop();
  const log = await readLog(bad);
  const { letters } = await bad.site.log<{ letters: { code: string; reason: string; edge: string }[] }>(
    '/dead-letters',
  );
  return {
    faults: happened.faults,
    placements: await comparePlacement(bad, log),
    intervals: compareIntervals(bad),
    serials: serialsOf(log, 'home-3'),
    packs: compareLog(bad, log),
    deadLetters: letters.map(({ code, reason }) => `${code}: ${reason}`),
    relays: compareRelays(bad, happened),
    sessions: compareSessions(bad, happened),
    unhealed,
    found: foundBy(await auditSite(bad.site.dir)),
  };
}

/** All is well: how long until nothing waits any more? What still does after a minute is told. */
async function heal(bad: BadSite): Promise<string[]> {
  const unhealed: string[] = [];
  const wait = async (what: string, isTrue: () => boolean) => {
    await until(isTrue, HEAL_MS, what).catch(() => unhealed.push(what));
  };
  await wait('an outbox is not drained', () =>
    Object.values(bad.agents).every(({ outboxFile }) => packsIn(outboxFile) <= 3),
  );
  await wait('the log is not followed', () => hasFollowed(bad.site));
  await wait('a session is not closed', () => readSessions(bad).every(({ closed_ms }) => closed_ms !== null));
  if (unhealed.length > 0) process.stdout.write(`${lastLines(bad)}\n`);
  return unhealed;
}

function isNumberKnown(bad: BadSite, device: string): boolean {
  return withDatabase(join(bad.site.dir, 'data', 'community.db'), (db) => {
    return db.prepare('SELECT 1 FROM device_identity WHERE device = ?').get(device) !== undefined;
  });
}

function packsIn(file: string): number {
  return withDatabase(file, (db) =>
    Number(db.prepare('SELECT count(*) AS n FROM pack JOIN epoch USING (epoch) WHERE seq > mark').get()?.['n']),
  );
}
