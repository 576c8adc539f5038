/** A settlement run: freeze, share anew from the frozen rows, post, and keep all of it, in one transaction. */
import { accept, monthSpan, type Result, refuse } from '@commonworks/core';
import type { MonthReadiness } from '@commonworks/core/api/index.ts';
import { canonicalJson } from '@commonworks/core/canonical-json.ts';
import { entryId } from '@commonworks/core/ledger/index.ts';
import {
  dayHash,
  type InputRow,
  inputsHash,
  type LineTotal,
  type PeriodHeader,
  type PeriodRun,
  periodEntries,
  resultsHash,
} from '@commonworks/core/settlement/index.ts';
import { auditRefusal } from '../audit/audit-refusal.ts';
import { openNotes, runNotes } from '../closing/closing-notes.ts';
import { decide } from '../closing/decide.ts';
import { monthReadiness } from '../closing/month-readiness.ts';
import { nameReferences, readNames } from '../closing/names.ts';
import { keepAccount } from '../closing/settled-account.ts';
import type { Db } from '../database.ts';
import { ledgerHead, postEntry } from '../ledger/post-entry.ts';
import { sha256 } from '../ledger/sha256.ts';
import { serveRequests } from '../metering/serve-requests.ts';
import { packRows } from './codec.ts';
import { type FrozenPeriod, freezePeriod, type SettledCommunity } from './freeze-period.ts';
import { asClosedUnder } from './frozen-rules.ts';
import { openPeriod } from './periods.ts';
import { latestRun, runTotals } from './runs.ts';
import type { SettlementTables } from './schema.ts';
import { type SharedPeriod, shareFrozen, sumsOf } from './share-frozen.ts';
import { storageSums } from './storage-sums.ts';

/** What to do about gaps that nobody has decided. `refuse`: wait. `exclude`: leave them as they are, and say so openly. */
export type MissingPolicy = 'refuse' | 'exclude';

export type SettleRequest = {
  readonly community: SettledCommunity;
  readonly month: string;
  readonly nowMs: number;
  readonly missing: MissingPolicy;
  /** Who decided to leave the gaps, and why: kept as a decision on each of them. */
  readonly decision?: { readonly reason: string; readonly author: string } | undefined;
};

export type SettlementRun = SettlementTables['settlement_run'];

/**
 * Settling again what has not changed gives the run that exists. Else it is a new version, and what differs is posted
 * into the first month still open. One caller at a time; only the writing takes the database's lock.
 */
export async function settleMonth(db: Db, request: SettleRequest): Promise<Result<SettlementRun>> {
  const { community, month, nowMs } = request;
  if (nowMs < monthSpan(month, community.zone).toMs) {
    return refuse('community.period-open', `${month} is not over yet`);
  }
  const refusal = await auditRefusal(db, month);
  if (refusal !== null) return refusal;
  // A device assigned late, a tariff dated back: what that changes is derived before it is frozen.
  await serveRequests(db);
  const readiness = await decidedReadiness(db, request);
  const measured = await freezePeriod(db, community, month);
  if (measured === null || readiness === null) {
    return refuse('community.period-empty', `${month} has no tariff or no metering point`);
  }
  const reasons = request.missing === 'exclude' ? [] : openNotes(readiness, community.zone);
  if (reasons.length > 0) {
    return refuse('community.period-incomplete', nameReferences(reasons.join('; '), await readNames(db)));
  }
  const before = await latestRun(db, month);
  const earlier = before && (JSON.parse(before.header) as PeriodHeader);
  const frozen = { ...measured, header: asClosedUnder(measured.header, earlier) };
  const results = shareFrozen(frozen);
  const previous = before && { run: before, totals: await runTotals(db, before) };
  return accept(await keepRun(db, { frozen, results, previous, readiness }, request));
}

/** With what this request itself decides. */
async function decidedReadiness(db: Db, request: SettleRequest): Promise<MonthReadiness | null> {
  const { month, nowMs, missing, decision } = request;
  const query = { month, nowMs, zone: request.community.zone };
  const readiness = await monthReadiness(db, query);
  if (readiness === null || missing !== 'exclude' || decision === undefined) return readiness;
  const undecided = readiness.registers.filter(({ open }) => open.length > 0);
  if (undecided.length === 0) return readiness;
  await db.transaction().execute(async (tx) => {
    for (const register of undecided) {
      await decide(tx, { month, register, matters: register.open, isAccepted: true, nowMs, ...decision });
    }
  });
  return await monthReadiness(db, query);
}

type MadeRun = {
  readonly frozen: FrozenPeriod;
  readonly results: SharedPeriod;
  readonly readiness: MonthReadiness;
  readonly previous: { readonly run: SettlementRun; readonly totals: LineTotal[] } | null;
};

async function keepRun(db: Db, made: MadeRun, request: SettleRequest): Promise<SettlementRun> {
  const { header, days } = made.frozen;
  const inputs = inputsHash(header, days.map(hashed), sha256);
  if (made.previous !== null && isSameInput(made.frozen, inputs, made.previous.run)) return made.previous.run;
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
      notes: JSON.stringify(runNotes(made.readiness, request.community.zone)),
      ...sumsOf(made.results.totals),
      storage: JSON.stringify(storageSums(header, made.results.storage)),
      header: canonicalJson(header),
      inputs_hash: inputs,
      results_hash: resultsHash(made.results.days.map(hashed), sha256),
      ledger_head: (await ledgerHead(tx)).hash,
      created_ms: request.nowMs,
    };
    await tx.insertInto('settlement_run').values(row).execute();
    for (const values of packed) await tx.insertInto('settlement_day').values(values).execute();
    await keepAccount(tx, id, made.readiness);
    return row;
  });
}

/** A run of the older format is the same when its rows are: all that the newer one adds is how values came about. */
function isSameInput(frozen: FrozenPeriod, inputs: string, run: SettlementRun): boolean {
  if (run.inputs_hash === inputs) return true;
  const { format } = JSON.parse(run.header) as PeriodHeader;
  if (format !== 1) return false;
  const older = frozen.days.map(({ day, rows }) => ({ day, rows: rows.map((row) => row.slice(0, 15) as InputRow) }));
  return inputsHash({ ...frozen.header, format: 1 }, older.map(hashed), sha256) === run.inputs_hash;
}

function hashed({ day, rows }: { day: string; rows: readonly (readonly (number | string | null)[])[] }) {
  return { day, hash: dayHash(rows, sha256) };
}
