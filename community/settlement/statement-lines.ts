/** Lines and sums of a statement, read from ledger entries and the figures they carry. */
import { qualityOfRank } from '@commonworks/core';
import type { ShareTotals, StatementLine } from '@commonworks/core/api/index.ts';
import type { LedgerEntry } from '@commonworks/core/ledger/index.ts';
import { amountMinor, MWH_PER_KWH } from '@commonworks/core/money.ts';
import type { Tariff } from '../register/tariffs.ts';
import type { SettlementTables } from './schema.ts';

export type Titles = {
  readonly point: (id: string, direction: number) => string;
  readonly session: (machine: string, endMs: number) => string;
};

const whole = (entry: LedgerEntry, name: string): number => {
  const figure = entry.references[name];
  return typeof figure === 'number' ? figure : 0;
};
const text = (entry: LedgerEntry, name: string): string => String(entry.references[name] ?? '');

/** The line a member reads for one entry; its amount is what was posted to the member's account, nothing else. */
export function entryLine(
  entry: LedgerEntry,
  of: { readonly member: string; readonly currency: string; readonly titles: Titles },
): StatementLine {
  const account = `member/${of.member}`;
  const amount = entry.postings
    .filter((posting) => posting.account === account && posting.unit === of.currency)
    .reduce((sum, posting) => sum + posting.amount, 0);
  const common = { id: entry.id, amountMinor: amount, transaction: entry.id };
  const quality = qualityOfRank(whole(entry, 'quality'));
  if (entry.kind === 'session' || entry.kind === 'payment') {
    const title = entry.kind === 'session' ? of.titles.session(text(entry, 'machine'), entry.timeMs) : entry.reason;
    const quantity = whole(entry, 'runningS');
    return { ...common, kind: 'session', title, quantity, unit: 's', unitPrice: text(entry, 'pricePerHour'), quality };
  }
  const direction = whole(entry, 'direction');
  const title = of.titles.point(text(entry, 'point'), direction);
  const quantity = whole(entry, 'quantityMwh') - whole(entry, 'previousMwh');
  const energy = { ...common, quantity, unit: 'mWh', unitPrice: text(entry, 'unitPrice'), quality } as const;
  if (entry.kind === 'energy') return { ...energy, kind: direction === 0 ? 'energy' : 'credit', title };
  return { ...energy, kind: 'adjustment', title: `Correction of ${text(entry, 'month')}: ${title}` };
}

/** Sums of the settled energy lines; corrections of other months are lines of their own. */
export function postedTotals(
  entries: readonly LedgerEntry[],
  of: { readonly tariffs: readonly Tariff[]; readonly run: SettlementTables['settlement_run'] },
): { energy: ShareTotals; roundingMicroMwh: number } {
  const lines = entries.filter((entry) => entry.kind === 'energy');
  const used = lines.filter((entry) => whole(entry, 'direction') === 0);
  const add = (pick: (entry: LedgerEntry) => number) => used.reduce((sum, entry) => sum + pick(entry), 0);
  const allocated = (entry: LedgerEntry) => whole(entry, 'quantityMwh');
  const gridPrice = (entry: LedgerEntry) =>
    of.tariffs.find((tariff) => tariff.id === text(entry, 'tariff'))?.gridPrice ?? '0';
  const energy: ShareTotals = {
    consumedMwh: add((entry) => allocated(entry) + whole(entry, 'restMwh')),
    allocatedMwh: add(allocated),
    residualMwh: add((entry) => whole(entry, 'restMwh')),
    productionMwh: of.run.production_mwh,
    intervals: add((entry) => whole(entry, 'intervals')),
    intervalsComplete: add((entry) => whole(entry, 'intervalsComplete')),
    quality: qualityOfRank(used.reduce((worst, entry) => Math.max(worst, whole(entry, 'quality')), 0)),
    costMinor: add((entry) => amountMinor(allocated(entry), MWH_PER_KWH, text(entry, 'unitPrice'))),
    gridCostMinor: add((entry) => amountMinor(allocated(entry), MWH_PER_KWH, gridPrice(entry))),
  };
  return { energy, roundingMicroMwh: lines.reduce((sum, entry) => sum + whole(entry, 'roundingMicroMwh'), 0) };
}
