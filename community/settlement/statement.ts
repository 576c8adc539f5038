/** A member's statement of a month: the ledger's lines of a closed one, a draft of the running one. */
import { localDay, localTime, monthSpan, QUARTER_HOUR_MS, qualityOfRank, type Span } from '@commonworks/core';
import {
  LINE_KINDS,
  type RegisterAccount,
  type ShareTotals,
  type Statement,
  type StatementLine,
} from '@commonworks/core/api/index.ts';
import { entryId, type LedgerEntry } from '@commonworks/core/ledger/index.ts';
import { lineAmountMinor, type PeriodHeader } from '@commonworks/core/settlement/index.ts';
import { nameAccount, readNames } from '../closing/names.ts';
import { registerAccount } from '../closing/register-account.ts';
import { settledAccount } from '../closing/settled-account.ts';
import type { Db } from '../database.ts';
import { accountEntries } from '../ledger/read-entries.ts';
import { sha256 } from '../ledger/sha256.ts';
import { listPoints } from '../register/points.ts';
import { listTariffs } from '../register/tariffs.ts';
import type { SettledCommunity } from './freeze-period.ts';
import { firstRun } from './runs.ts';
import type { SettlementTables } from './schema.ts';
import {
  type DraftSum,
  draftSums,
  intervalsExpected,
  type OwnRegister,
  ownRegisters,
  productionOver,
  shareTotals,
} from './share-totals.ts';
import { entryLine, postedTotals, type Titles } from './statement-lines.ts';

export type StatementQuery = {
  readonly community: SettledCommunity;
  readonly member: string;
  readonly month: string;
  readonly nowMs: number;
};

/** Null when there is no such member. */
export async function memberStatement(db: Db, query: StatementQuery): Promise<Statement | null> {
  const { community, month } = query;
  const member = await db.selectFrom('member').select(['id', 'name']).where('id', '=', query.member).executeTakeFirst();
  if (member === undefined) return null;
  const run = await firstRun(db, month);
  const entries = await accountEntries(db, `member/${member.id}`, month);
  const titles = await readTitles(db, community.zone);
  const posted = entries.map((entry) => entryLine(entry, { member: member.id, currency: community.currency, titles }));
  const body =
    run === null ? await draftBody(db, query, titles) : await settledBody(db, { entries, run, member: member.id });
  const lines = [...body.lines, ...posted].sort((a, b) => LINE_KINDS.indexOf(a.kind) - LINE_KINDS.indexOf(b.kind));
  return {
    id: entryId(['statement', community.id, member.id, month], sha256),
    member: member.id,
    memberName: member.name,
    month,
    currency: community.currency,
    ...body,
    lines,
    totalMinor: lines.reduce((total, line) => total + line.amountMinor, 0),
  };
}

type Body = Pick<
  Statement,
  | 'status'
  | 'version'
  | 'method'
  | 'lines'
  | 'energy'
  | 'account'
  | 'roundingMicroMwh'
  | 'settledMs'
  | 'ledgerHead'
  | 'inputsHash'
>;

/** Everything of a closed month stands in the ledger. */
async function settledBody(
  db: Db,
  of: { entries: readonly LedgerEntry[]; run: SettlementTables['settlement_run']; member: string },
): Promise<Body> {
  const { entries, run } = of;
  const { points } = JSON.parse(run.header) as PeriodHeader;
  const own = new Set(points.flatMap(({ id, owner }) => (owner === of.member ? [id] : [])));
  const account = await settledAccount(db, run.id, own);
  const { energy, roundingMicroMwh } = postedTotals(entries, { tariffs: await listTariffs(db), run });
  return {
    status: 'settled',
    version: run.version,
    method: run.method,
    lines: [],
    energy,
    account: await nameAccounts(db, account),
    roundingMicroMwh,
    settledMs: run.created_ms,
    ledgerHead: run.ledger_head,
    inputsHash: run.inputs_hash,
  };
}

async function draftBody(db: Db, query: StatementQuery, titles: Titles): Promise<Body> {
  const span = monthSpan(query.month, query.community.zone);
  const tariffs = await listTariffs(db);
  const registers = ownRegisters(await listPoints(db), query.member);
  const sums = await draftSums(db, { registers, tariffs }, span);
  const closedMs = Math.floor(query.nowMs / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;
  const past = { fromMs: span.fromMs, toMs: Math.max(span.fromMs, Math.min(span.toMs, closedMs)) };
  const intervals = intervalsExpected(registers, tariffs[0]?.fromMs ?? span.toMs, past);
  const energy: ShareTotals = shareTotals(sums, { productionMwh: await productionOver(db, span), intervals });
  return {
    status: 'draft',
    version: 0,
    method: (tariffs.findLast((tariff) => tariff.fromMs < span.toMs) ?? tariffs[0])?.method ?? 'pro-rata',
    lines: sums.map((sum) => draftLine(sum, titles)),
    energy,
    account: await nameAccounts(db, await draftAccount(db, registers, span)),
    roundingMicroMwh: sums.reduce((total, sum) => total + sum.roundingMicroMwh, 0),
    settledMs: null,
    ledgerHead: null,
    inputsHash: null,
  };
}

async function draftAccount(db: Db, registers: readonly OwnRegister[], span: Span): Promise<RegisterAccount[]> {
  const accounts: RegisterAccount[] = [];
  for (const register of registers) accounts.push(await registerAccount(db, register, span));
  return accounts.filter(({ substitutes, unplaced }) => substitutes.length > 0 || unplaced.length > 0);
}

async function nameAccounts(db: Db, accounts: readonly RegisterAccount[]): Promise<RegisterAccount[]> {
  if (accounts.length === 0) return [];
  const names = await readNames(db);
  return accounts.map((account) => nameAccount(account, names));
}

function draftLine(sum: DraftSum, titles: Titles): StatementLine {
  const { register, tariff } = sum;
  return {
    id: `draft-${register.point.id}-${register.direction}-${tariff.id}`,
    kind: register.direction === 0 ? 'energy' : 'credit',
    title: titles.point(register.point.id, register.direction),
    quantity: sum.allocatedMwh,
    unit: 'mWh',
    unitPrice: tariff.internalPrice,
    amountMinor: lineAmountMinor(register.direction, sum.allocatedMwh, tariff.internalPrice),
    quality: qualityOfRank(sum.quality),
    transaction: null,
  };
}

async function readTitles(db: Db, zone: string): Promise<Titles> {
  const points = await db.selectFrom('metering_point').select(['id', 'name']).execute();
  const machines = await db.selectFrom('machine').select(['id', 'name']).execute();
  const pointNames = new Map(points.map(({ id, name }) => [id, name]));
  const machineNames = new Map(machines.map(({ id, name }) => [id, name]));
  return {
    point: (id, direction) => {
      const name = pointNames.get(id) ?? 'a metering point that is no longer registered';
      return direction === 0 ? `Community energy, ${name}` : `Energy given to the community, ${name}`;
    },
    session: (id, endMs) => {
      const name = machineNames.get(id) ?? 'a machine that is no longer registered';
      return `${name}, ${localDay(endMs, zone)} ${localTime(endMs, zone)}`;
    },
  };
}
