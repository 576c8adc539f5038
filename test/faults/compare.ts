/** What the site holds after the bad minutes against what truly happened: readings, relays, sessions. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { decodePack, type LogEntry, type LogPage, type SeriesRange } from '@commonworks/core';
import { readTap } from '../site/outbox-tap.ts';
import { readSeries } from '../site/series-pages.ts';
import { withDatabase } from '../site/stored.ts';
import { readBooked } from './account.ts';
import type { Happened } from './bad-minutes.ts';
import type { BadSite } from './bad-site.ts';
import { realNow } from './real-time.ts';
import type { EvenMeter } from './wires.ts';

/** A trusted clock is right within 2 s; a reading belongs to its tick, one period of 2 s before at most; a busy machine answers later. */
const PLACED_WITHIN_MS = 2000 + 2000 + 500;
/** An agent looks at its leases once a second, and this machine may be busy. */
const RELAY_SLACK_MS = 4000;
/** The mill is asked once a second; a begin and an end may each be seen a little late. */
const RUN_SLACK_S = 3;
const DAY_MS = 86_400_000;
/** In fewer every one may have met a fault. */
const SESSIONS_MANY = 6;
const YEAR_MS = 365 * DAY_MS;
const QUARTER_MS = 900_000;

export type Placement = {
  readonly device: string;
  readonly readings: number;
  readonly worstMs: number;
  readonly wrong: readonly string[];
  /** Values that are in the log and were never placed in time. */
  readonly unplaced: number;
};

export async function readLog(bad: BadSite): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let after = 0; ; ) {
    const page = await bad.site.log<LogPage>(`/log?after=${after}&limit=500`);
    entries.push(...page.entries);
    if (page.entries.length === 0) return entries;
    after = page.next;
  }
}

/** Every register value told its own time: was it placed there, in the series and in the community's file? */
export async function comparePlacement(bad: BadSite, log: readonly LogEntry[]): Promise<Placement[]> {
  const logged = new Map<string, Set<number>>();
  for (const { body } of log) {
    for (const { device, point, value } of decodePack(body).pack.samples) {
      if (typeof value !== 'number') continue;
      const key = `${device}/${point}`;
      logged.set(key, (logged.get(key) ?? new Set()).add(Math.round(value * 1000)));
    }
  }
  return await Promise.all(
    bad.wires.meters.map(async (meter) => {
      const placed = [...(await series(bad, meter)), ...communitySamples(bad, meter)];
      const errors = placed.map(({ timeMs, mwh }) => ({ timeMs, errorMs: timeMs - meter.timeOf(mwh) }));
      const wrong = errors.filter(({ errorMs }) => Math.abs(errorMs) > PLACED_WITHIN_MS);
      const known = new Set(placed.map(({ mwh }) => mwh));
      const all = [...(logged.get(`${meter.device}/${meter.direction}`) ?? [])];
      return {
        device: meter.device,
        readings: placed.length,
        worstMs: Math.round(errors.reduce((worst, { errorMs }) => Math.max(worst, Math.abs(errorMs)), 0)),
        wrong: wrong.map(
          ({ timeMs, errorMs }) => `${meter.device} at ${iso(timeMs)}: ${(errorMs / 1000).toFixed(1)} s off`,
        ),
        unplaced: all.filter((mwh) => !known.has(mwh)).length,
      };
    }),
  );
}

type PlacedValue = { readonly timeMs: number; readonly mwh: number };

async function series(bad: BadSite, { device, direction }: EvenMeter): Promise<PlacedValue[]> {
  const edge = bad.edgeOf(device === 'mill-meter' ? 'shop' : 'home');
  const toMs = Math.round(realNow() + YEAR_MS);
  const query = { edge, device, point: direction, fromMs: '0', toMs: String(toMs) };
  const pages = await readSeries((path) => bad.site.log<SeriesRange>(path), query);
  return pages.flatMap(({ timesMs, values }) =>
    timesMs.flatMap((timeMs, n) => {
      const value = values[n];
      return typeof value === 'number' ? [{ timeMs, mwh: Math.round(value * 1000) }] : [];
    }),
  );
}

function communitySamples(bad: BadSite, { device, direction }: EvenMeter): PlacedValue[] {
  return withDatabase(communityFile(bad), (db) => {
    const rows = db
      .prepare(
        `SELECT time_ms AS timeMs, mwh FROM register_sample JOIN series ON series.no = series_no
         WHERE device = ? AND point = ? AND quality = 0`,
      )
      .all(device, direction);
    return rows as PlacedValue[];
  });
}

/** Whole quarter hours that were said to be good, against the register at their true beginning and end; short runs may have none. */
export function compareIntervals(bad: BadSite): { count: number; wrong: string[] } {
  const wrong: string[] = [];
  let count = 0;
  for (const { device, direction, powerW } of bad.wires.meters) {
    const booked = readBooked(communityFile(bad), device, direction === 'importedWh' ? 0 : 1);
    // Each of the two edges may be off by as much as a reading may be misplaced; 1 W for 3600 ms is 1 mWh.
    const toleranceMwh = (2 * PLACED_WITHIN_MS * powerW) / 3600;
    const trueMwh = (QUARTER_MS * powerW) / 3600;
    for (const { startMs, mwh, quality } of booked.intervals) {
      if (mwh === null || quality !== 0) continue;
      count++;
      if (Math.abs(mwh - trueMwh) > toleranceMwh)
        wrong.push(`${device} ${iso(startMs)}: ${mwh} mWh, ${trueMwh} flowed`);
    }
  }
  return { count, wrong };
}

/** What an agent wrote into its outbox and the log does not have, byte for byte; what it said it had to drop. */
export function compareLog(bad: BadSite, log: readonly LogEntry[]): { lost: string[]; dropped: string[] } {
  const held = new Set(log.map(({ body }) => createHash('sha256').update(body).digest('hex')));
  const agents = Object.values(bad.agents);
  const waiting = new Set(agents.flatMap(({ outboxFile }) => waitingKeys(outboxFile)));
  const tapped = agents.flatMap(({ outboxFile }) => readTap(outboxFile));
  const lost = tapped.filter(({ epoch, seq, hash }) => !held.has(hash) && !waiting.has(`${epoch} ${seq}`));
  const events = log.flatMap(({ body }) => decodePack(body).pack.events);
  return {
    lost: lost.map(({ epoch, seq }) => `${epoch} ${seq}`),
    dropped: events.filter(({ type }) => type === 'gap').map(({ body }) => JSON.stringify(body)),
  };
}

/** The serial numbers a meter was told to have, in the order they were first told. */
export function serialsOf(log: readonly LogEntry[], device: string): string[] {
  const events = log.flatMap(({ body }) => decodePack(body).pack.events);
  const told = events.filter((event) => event.type === 'identity' && event.device === device);
  return [...new Set(told.map(({ body }) => String(body['serial'])))];
}

function waitingKeys(file: string): string[] {
  return withDatabase(file, (db) => {
    const rows = db.prepare('SELECT epoch, seq FROM pack JOIN epoch USING (epoch) WHERE seq > mark').all() as {
      epoch: string;
      seq: number;
    }[];
    return rows.map(({ epoch, seq }) => `${epoch} ${seq}`);
  });
}

/** A relay that was on when no lease said so; an agent without power ends its leases when it is back. */
export function compareRelays(bad: BadSite, happened: Happened): string[] {
  const wrong: string[] = [];
  for (const { device, writes } of bad.wires.relays) {
    for (const [n, write] of writes.entries()) {
      if (!write.isOn) continue;
      const offMs = writes.slice(n).find(({ isOn }) => !isOn)?.atMs ?? Number.POSITIVE_INFINITY;
      const leases = device === 'boiler' ? happened.leases.filter(({ issuedMs }) => issuedMs <= offMs) : [];
      const untilMs = Math.max(0, ...leases.map((lease) => lease.untilMs));
      const outage = happened.shopOutages.find(
        ({ fromMs, toMs }) => fromMs < untilMs + RELAY_SLACK_MS && untilMs < toMs,
      );
      const allowedMs = Math.max(untilMs, outage?.toMs ?? 0) + RELAY_SLACK_MS;
      if (offMs > allowedMs)
        wrong.push(`${device}: on at ${iso(write.atMs)}, off at ${iso(offMs)}, allowed until ${iso(allowedMs)}`);
    }
  }
  return wrong;
}

type SessionRow = {
  member: string;
  start_ms: number;
  end_ms: number | null;
  closed_ms: number | null;
  running_s: number | null;
  unknown_s: number | null;
  charge_minor: number | null;
};

export function readSessions(bad: BadSite): SessionRow[] {
  return withDatabase(communityFile(bad), (db) => {
    return db.prepare('SELECT * FROM session ORDER BY start_ms').all() as SessionRow[];
  });
}

/** Each session is its member's, stands where it was, and charges no second that the mill did not run for her. */
export function compareSessions(bad: BadSite, happened: Happened): { lines: string[]; wrong: string[] } {
  const rows = readSessions(bad);
  const wrong = strayActivities(bad);
  const lines: string[] = [];
  // A fault of the workshop's agent leaves what its mill did then unknown; it must not stay so for ever.
  const ranS = happened.sessions.reduce((sum, { runS }) => sum + runS, 0);
  const chargedS = rows.reduce((sum, { running_s }) => sum + (running_s ?? 0), 0);
  if (happened.sessions.length >= SESSIONS_MANY && chargedS < ranS / 10)
    wrong.push(`${chargedS} s are charged of ${ranS.toFixed(0)} s that the mill ran`);
  if (rows.length !== happened.sessions.length)
    wrong.push(`${rows.length} sessions, ${happened.sessions.length} took place`);
  for (const expected of happened.sessions) {
    const { member, startMs, endMs, runS } = expected;
    const row = rows.find(
      (one) => one.member === bad.memberIds[member] && Math.abs(one.start_ms - startMs) <= PLACED_WITHIN_MS,
    );
    if (row === undefined) {
      wrong.push(`${member} badged in at ${iso(startMs)}: no session begins there`);
      continue;
    }
    const { running_s: running, unknown_s: unknown } = row;
    lines.push(
      `${member}: ran ${runS.toFixed(1)} s, charged ${running ?? 'not yet'} s, unknown ${unknown ?? '-'} s, ${row.charge_minor ?? '-'} minor units`,
    );
    if (row.end_ms === null || Math.abs(row.end_ms - endMs) > PLACED_WITHIN_MS)
      wrong.push(`${member} badged out at ${iso(endMs)}, the session ended at ${iso(row.end_ms)}`);
    if (running === null || unknown === null) wrong.push(`${member}: the session of ${iso(startMs)} is not closed`);
    else if (running > runS + RUN_SLACK_S) wrong.push(`${member} ran ${runS.toFixed(1)} s and is charged ${running} s`);
    else if (running + unknown < runS - RUN_SLACK_S)
      wrong.push(`${member} ran ${runS.toFixed(1)} s, of which ${running + unknown} s are known of`);
  }
  return { lines, wrong };
}

/** What the mill is said to have done at a time that was not: everything after it would pass for older. */
function strayActivities(bad: BadSite): string[] {
  const [fromMs, toMs] = [realNow() - DAY_MS, realNow() + PLACED_WITHIN_MS];
  return withDatabase(communityFile(bad), (db) => {
    const spans = db.prepare('SELECT from_ms, to_ms FROM machine_activity').all();
    const watches = db.prepare('SELECT time_ms AS from_ms, time_ms AS to_ms FROM machine_watch').all();
    return [...spans, ...watches]
      .filter((row) => Number(row['from_ms']) < fromMs || Number(row['to_ms']) > toMs)
      .map((row) => `the mill is said to have done something until ${iso(Number(row['to_ms']))}`);
  });
}

export function communityFile(bad: BadSite): string {
  return join(bad.site.dir, 'data', 'community.db');
}

function iso(timeMs: number | null): string {
  return timeMs === null || !Number.isFinite(timeMs) ? 'never' : new Date(timeMs).toISOString().slice(0, 19);
}
