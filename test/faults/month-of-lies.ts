/** Weeks of lying meters through the real broker and the real community server, out of order, with both killed on the way. */
import { join } from 'node:path';
import { localMonth, monthSpan, nextMonth, previousMonth } from '@commonworks/core';
import { checkShares } from '../site/shares.ts';
import { withDatabase } from '../site/stored.ts';
import { type Account, accountOf, readBooked } from './account.ts';
import { type FaultSite, openFaultSite } from './fault-site.ts';
import type { LyingMeter } from './lying-meter.ts';
import { createVillage, type Village } from './lying-village.ts';
import { pause, realNow, seeded, until } from './real-time.ts';
import { createSender, type Draft, draftsOf } from './send-readings.ts';

export type MonthOfLies = {
  readonly accounts: readonly Account[];
  readonly shares: { count: number; wrong: unknown[] };
};

export type MonthOptions = { readonly seed: number; readonly months: number; readonly homes: number };

const ZONE = 'Europe/Vienna';
const EDGE = 'village';
const HOUR_MS = 3_600_000;
/** A pack may come this many places late. */
const LATE_MAX = 12;
const FOLLOW_MS = 300_000;

export async function runMonthOfLies(options: MonthOptions): Promise<MonthOfLies> {
  const months = lastMonths(options.months);
  const spans = months.map((month) => monthSpan(month, ZONE));
  const span = { fromMs: spans[0]?.fromMs ?? 0, toMs: (spans.at(-1)?.toMs ?? 0) + 2 * HOUR_MS };
  const turnsMs = spans.map(({ toMs }) => toMs);
  const village = createVillage({ ...options, span, turnsMs });
  await using site = await openFaultSite({
    edges: [EDGE],
    seed: ({ edges, newId }) => seedOf(village, { edge: edges.get(EDGE)?.id ?? '', newId, fromMs: span.fromMs }),
  });
  await site.broker.start();
  await site.community.start();
  await sendAll(site, village, seeded(options.seed + 1));
  await until(
    () => hasFollowed(site),
    FOLLOW_MS,
    () => `the log to be followed\n${site.community.lines.slice(-20).join('\n')}`,
  );
  for (const one of [site.community, site.broker]) await one.stop();
  const file = join(site.dir, 'data', 'community.db');
  const meters: [LyingMeter, 0 | 1][] = [
    [village.producer, 1],
    ...village.homes.map((home): [LyingMeter, 0 | 1] => [home, 0]),
  ];
  const accounts = meters.flatMap(([meter, direction]) => {
    const booked = readBooked(file, meter.spec.device, direction);
    return spans.map((month) => accountOf(meter, booked, month));
  });
  return { accounts, shares: checkShares(file) };
}

/** The last whole months, oldest first. */
function lastMonths(count: number): string[] {
  let month = localMonth(realNow(), ZONE);
  for (let n = 0; n < count; n++) month = previousMonth(month);
  return Array.from({ length: count }, () => {
    const one = month;
    month = nextMonth(month);
    return one;
  });
}

function seedOf(village: Village, at: { edge: string; newId: () => string; fromMs: number }) {
  const joinedMs = at.fromMs - 30 * 24 * HOUR_MS;
  const members = village.homes.map(({ spec }) => ({
    ...{ id: at.newId(), name: `Member of ${spec.device}`, email: null, roles: ['member' as const], joinedMs },
  }));
  const point = (meter: LyingMeter, role: 'producer' | 'consumer', member: string | null) => ({
    ...{ id: at.newId(), name: meter.spec.device, role, member, ratedPowerW: meter.spec.ratedPowerW },
    assignments: [{ edge: at.edge, device: meter.spec.device, fromMs: joinedMs, toMs: null }],
  });
  return {
    members,
    transfers: [],
    meteringPoints: [
      point(village.producer, 'producer', null),
      ...village.homes.map((home, n) => point(home, 'consumer', members[n]?.id ?? null)),
    ],
    tariffs: [
      {
        ...{ id: at.newId(), fromMs: joinedMs, method: 'pro-rata' as const },
        ...{ internalPrice: '12.5', gridPrice: '29.8', feedInPrice: '6.4' },
      },
    ],
    ...{ machines: [], badges: [], bookings: [] },
  };
}

/** Packs of all meters, roughly in the order of their time, some of them late; the processes are killed in between. */
async function sendAll(site: FaultSite, village: Village, random: () => number): Promise<void> {
  const edge = site.edges.get(EDGE);
  if (edge === undefined) throw new Error('the site has no edge of the village');
  const drafts = [village.producer, ...village.homes]
    .flatMap((meter) => draftsOf(meter, meter === village.producer ? 'exportedWh' : 'importedWh'))
    .sort((a, b) => beginOf(a) - beginOf(b))
    .map((draft, n) => ({ draft, at: n + random() * LATE_MAX }))
    .sort((a, b) => a.at - b.at)
    .map(({ draft }) => draft);
  const send = createSender(site, edge);
  const third = Math.ceil(drafts.length / 3);
  const sending = [0, 1, 2].map((n) => drafts.slice(n * third, (n + 1) * third));
  for (const [n, some] of sending.entries()) {
    const sent = send(some);
    if (n === 1) await restart(site.broker);
    if (n === 2) await restart(site.community);
    await sent;
  }
}

function beginOf({ samples }: Draft): number {
  return samples[0]?.timeMs ?? 0;
}

async function restart(process: FaultSite['broker']): Promise<void> {
  await pause(200);
  await process.cut();
  await process.start();
}

/** Everything the log has was read, and nothing is left to derive again. */
export function hasFollowed(site: FaultSite): boolean {
  const ask = (file: string, query: string) =>
    withDatabase(join(site.dir, 'data', file), (db) => Number(db.prepare(query).get()?.['n'] ?? 0));
  const head = ask('telemetry.db', 'SELECT max(cursor) AS n FROM pack');
  const read = ask('community.db', 'SELECT min(cursor) AS n FROM log_cursor');
  return read >= head && ask('community.db', 'SELECT count(*) AS n FROM derive_request') === 0;
}
