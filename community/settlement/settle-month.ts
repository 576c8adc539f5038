/** A settlement run: freeze, share anew from the frozen rows, post, and keep all of it, in one transaction. */
import { accept, invariant, monthSpan, type Result, refuse } from '@commonworks/core';
import { canonicalJson } from '@commonworks/core/canonical-json.ts';
import { entryId } from '@commonworks/core/ledger/index.ts';
import {
  dayHash,
  inputFault,
  inputsHash,
  type LineTotal,
  type PeriodHeader,
  type PeriodRun,
  periodEntries,
  type ResultRow,
  resultsHash,
  tallyPeriod,
} from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { ledgerHead, postEntry } from '../ledger/post-entry.ts';
import { sha256 } from '../ledger/sha256.ts';
import { serveRequests } from '../metering/serve-requests.ts';
import { packRows } from './codec.ts';
import { type FrozenPeriod, freezePeriod, type SettledCommunity } from './freeze-period.ts';
import { openPeriod } from './periods.ts';
import { readinessOf } from './readiness.ts';
import { latestRun, runTotals } from './runs.ts';
import type { SettlementTables } from './schema.ts';

/**
 * What to do about missing intervals. `refuse`: none may be missing. `tolerate`: few may, once every point was heard past
 * the month's end. `exclude`: the treasurer decided. Left out intervals are listed openly.
 */
export type MissingPolicy = 'refuse' | 'tolerate' | 'exclude';

export type SettleRequest = {
  readonly community: SettledCommunity;
  readonly month: string;
  readonly nowMs: number;
  readonly missing: MissingPolicy;
};

export type SettlementRun = SettlementTables['settlement_run'];

/** Part of a month's intervals that `tolerate` lets be missing. */
const TOLERATED_PART = 0.05;

/**
 * Settling again what has not changed gives the run that exists. Else it is a new version, and what differs is posted
 * into the first month still open. One caller at a time; only the writing takes the database's lock.
 */
export async function settleMonth(db: Db, request: SettleRequest): Promise<Result<SettlementRun>> {
  const { community, month, nowMs } = request;
  if (nowMs < monthSpan(month, community.zone).toMs) {
    return refuse('community.period-open', `${month} is not over yet`);
  }
  // A device assigned late, a tariff dated back: what that changes is derived before it is frozen.
  await serveRequests(db);
  const frozen = await freezePeriod(db, community, month);
  if (frozen === null) return refuse('community.period-empty', `${month} has no tariff or no metering point`);
  const reasons = await refusalReasons(db, frozen, request);
  if (reasons.length > 0) return refuse('community.period-incomplete', reasons.join('; '));
  const before = await latestRun(db, month);
  const results = shareFrozen(frozen);
  const previous = before && { run: before, totals: await runTotals(db, before) };
  return accept(await keepRun(db, { frozen, results, previous }, request));
}

async function refusalReasons(db: Db, frozen: FrozenPeriod, request: SettleRequest): Promise<string[]> {
  if (request.missing === 'exclude') return [];
  const { waitingFor } = await readinessOf(db, request.month, request.community.zone);
  const silent = waitingFor.map((name) => `${name} was not heard since the end of ${request.month}`);
  const all = frozen.days.reduce((sum, { rows }) => sum + rows.length, 0);
  const isTolerable = request.missing === 'tolerate' && frozen.missing <= all * TOLERATED_PART;
  return isTolerable ? silent : [...silent, ...missingNotes(frozen)];
}

type SharedPeriod = {
  readonly days: readonly { readonly day: string; readonly rows: ResultRow[] }[];
  readonly totals: LineTotal[];
};

function shareFrozen(frozen: FrozenPeriod): SharedPeriod {
  const tally = tallyPeriod(frozen.header);
  const days = frozen.days.map(({ day, rows }) => {
    for (const row of rows) {
      const fault = inputFault(frozen.header, row);
      invariant(fault === null, `a frozen row ${fault}: ${canonicalJson(row)}`);
    }
    return {
      day,
      rows: [...Map.groupBy(rows, (row) => row[2]).values()].flatMap((interval) => tally.settle(interval)),
    };
  });
  return { days, totals: tally.totals() };
}

type MadeRun = {
  readonly frozen: FrozenPeriod;
  readonly results: SharedPeriod;
  readonly previous: { readonly run: SettlementRun; readonly totals: LineTotal[] } | null;
};

async function keepRun(db: Db, made: MadeRun, request: SettleRequest): Promise<SettlementRun> {
  const { header, days } = made.frozen;
  const inputs = inputsHash(header, days.map(hashed), sha256);
  if (made.previous?.run.inputs_hash === inputs) return made.previous.run;
  const version = (made.previous?.run.version ?? 0) + 1;
  const id = entryId(['run', header.community, request.month, version, inputs], sha256);
  const packed = days.map(({ day, rows }, i) => {
    return { run: id, day, inputs: packRows(rows), results: packRows(made.results.days[i]?.rows ?? []) };
  });
  const before = made.previous && {
    header: JSON.parse(made.previous.run.header) as PeriodHeader,
    totals: made.previous.totals,
  };
  return await db.transaction().execute(async (tx) => {
    const run: PeriodRun = { id, version, period: await openPeriod(tx, request.month), createdMs: request.nowMs };
    for (const entry of periodEntries(run, { header, totals: made.results.totals, before }, sha256)) {
      await postEntry(tx, entry);
    }
    const row: SettlementRun = {
      id,
      community: header.community,
      month: request.month,
      version,
      period: run.period,
      method: header.tariffs.at(-1)?.method ?? 'pro-rata',
      notes: JSON.stringify(missingNotes(made.frozen)),
      ...sumsOf(made.results.totals),
      header: canonicalJson(header),
      inputs_hash: inputs,
      results_hash: resultsHash(made.results.days.map(hashed), sha256),
      ledger_head: (await ledgerHead(tx)).hash,
      created_ms: request.nowMs,
    };
    await tx.insertInto('settlement_run').values(row).execute();
    for (const values of packed) await tx.insertInto('settlement_day').values(values).execute();
    return row;
  });
}

function hashed({ day, rows }: { day: string; rows: readonly (readonly (number | null)[])[] }) {
  return { day, hash: dayHash(rows, sha256) };
}

function sumsOf(totals: readonly LineTotal[]) {
  let [production, allocated, surplus, taken] = [0, 0, 0, 0];
  for (const total of totals) {
    if (total.direction === 0) taken += total.allocatedMwh;
    else {
      production += total.energyMwh;
      allocated += total.allocatedMwh;
      surplus += total.restMwh;
    }
  }
  invariant(taken === allocated && allocated + surplus === production, 'what was given was taken, or is surplus');
  return { production_mwh: production, allocated_mwh: allocated, surplus_mwh: surplus };
}

/** One sentence for every metering point with missing intervals. */
function missingNotes(frozen: FrozenPeriod): string[] {
  const counts = new Map<string, { missing: number; all: number }>();
  for (const { rows } of frozen.days) {
    for (const row of rows) {
      const point = frozen.header.points[row[0]];
      const key = `${point?.role} ${point?.id}${row[1] === 1 ? ', into the bus' : ''}`;
      const count = counts.get(key) ?? { missing: 0, all: 0 };
      counts.set(key, { missing: count.missing + (row[8] === null ? 1 : 0), all: count.all + 1 });
    }
  }
  return [...counts]
    .filter(([, count]) => count.missing > 0)
    .map(([key, count]) => `${key}: ${count.missing} of ${count.all} intervals are missing and were left out`);
}
