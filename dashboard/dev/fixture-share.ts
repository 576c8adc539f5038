/** A member's share and statements in the fixture community: shared by use (pro rata), as the rule says. */
import { createHash } from 'node:crypto';
import type {
  MemberShare,
  ShareInterval,
  ShareTotals,
  Statement,
  StatementSummary,
} from '@commonworks/core/api/index.ts';
import { addDays, localDay, localMonth, monthSpan, previousMonth, QUARTER_HOUR_MS } from '@commonworks/core/time.ts';
import { fixtureAccount } from './fixture-closing.ts';
import { flowAt, qualityOf } from './fixture-flow.ts';
import { dayQuarters, HOMES, sum, ZONE } from './fixture-world.ts';

const OWN_PRICE = 14.5;
const GRID_PRICE = 27.9;
const FIRST_REGISTER_MWH = 8_412_337_000;

export type Person = { readonly id: string; readonly name: string; readonly home: number };

export function hashOf(words: string): string {
  return createHash('sha256').update(words).digest('hex');
}

/** The quarter hours of one home on one day, as far as they are over. */
export function homeIntervals(home: number, day: string, nowMs: number): ShareInterval[] {
  const quarters = dayQuarters(day);
  let registerMwh =
    FIRST_REGISTER_MWH + home * 977_000_000 + Math.round((Date.parse(day) / 86_400_000 - 20_000) * 11_000_000);
  return quarters
    .filter(({ startMs }) => startMs + QUARTER_HOUR_MS <= nowMs)
    .map((quarter) => {
      const quality = qualityOf(quarters, quarter.startMs);
      const consumedMwh = quarter.homesMwh[home] ?? 0;
      const openingMwh = registerMwh;
      registerMwh += consumedMwh;
      const productionMwh = quarter.sunMwh + quarter.dischargedMwh;
      const useMwh = sum(quarter.homesMwh) + quarter.workshopMwh + quarter.chargedMwh;
      const exactMwh = (productionMwh * consumedMwh) / useMwh;
      const offeredMwh = Math.round(exactMwh);
      const allocatedMwh = Math.min(consumedMwh, offeredMwh);
      if (quality === 'missing') return missingInterval(quarter.startMs, productionMwh);
      return {
        startMs: quarter.startMs,
        ...{ consumedMwh, offeredMwh, allocatedMwh, productionMwh, openingMwh, closingMwh: registerMwh, quality },
        residualMwh: consumedMwh - allocatedMwh,
        coveragePct: quality === 'estimated' ? 85 : 100,
        roundingMicroMwh: allocatedMwh === consumedMwh ? 0 : Math.round((offeredMwh - exactMwh) * 1_000_000),
        ...{ method: quality === 'estimated' ? 'interpolated' : null, reason: null },
      };
    });
}

function missingInterval(startMs: number, productionMwh: number): ShareInterval {
  const none = { consumedMwh: null, offeredMwh: null, allocatedMwh: null, residualMwh: null };
  return {
    ...{ startMs, ...none, productionMwh, openingMwh: null, closingMwh: null, quality: 'missing' as const },
    coveragePct: 0,
    ...{ roundingMicroMwh: 0, method: null, reason: null },
  };
}

function totalsOf(intervals: readonly ShareInterval[]): ShareTotals {
  const total = (key: 'consumedMwh' | 'allocatedMwh' | 'residualMwh' | 'productionMwh') =>
    sum(intervals.map((interval) => interval[key] ?? 0));
  const allocatedMwh = total('allocatedMwh');
  return {
    consumedMwh: total('consumedMwh'),
    allocatedMwh,
    residualMwh: total('residualMwh'),
    productionMwh: total('productionMwh'),
    intervals: intervals.length,
    intervalsComplete: intervals.filter(({ quality }) => quality === 'good').length,
    quality: intervals.some(({ quality }) => quality === 'estimated') ? 'estimated' : 'good',
    costMinor: Math.round((allocatedMwh / 1e6) * OWN_PRICE),
    gridCostMinor: Math.round((allocatedMwh / 1e6) * GRID_PRICE),
  };
}

function monthDays(month: string, nowMs: number): string[] {
  const last = localDay(Math.min(nowMs, monthSpan(month, ZONE).toMs - 1), ZONE);
  const days: string[] = [];
  for (let day = `${month}-01`; day <= last; day = addDays(day, 1)) days.push(day);
  return days;
}

export function memberShare({ id, name, home }: Person, day: string, nowMs: number): MemberShare {
  const month = day.slice(0, 7);
  const perDay = monthDays(month, nowMs).map((each) => ({ day: each, intervals: homeIntervals(home, each, nowMs) }));
  const flow = flowAt(nowMs);
  const consumptionW = Math.round((flow.nodes.find(({ kind }) => kind === 'homes')?.powerW ?? 0) / HOMES.length);
  const intervals = homeIntervals(home, day, nowMs);
  return {
    ...{ member: id, name, shares: 12, sharesTotal: 120, method: 'pro-rata' },
    now: {
      atMs: nowMs,
      consumptionW,
      coveredW: Math.round((consumptionW * (flow.ownCoverPct ?? 0)) / 100),
      isStale: false,
    },
    day: { day, totals: totalsOf(intervals), intervals },
    month: {
      month,
      totals: totalsOf(perDay.flatMap((each) => each.intervals)),
      days: perDay.map((each) => {
        const { consumedMwh, allocatedMwh } = totalsOf(each.intervals);
        return { day: each.day, consumedMwh, allocatedMwh };
      }),
    },
  };
}

export function statementOf({ id, name, home }: Person, month: string, nowMs: number): Statement {
  const intervals = monthDays(month, nowMs).flatMap((day) => homeIntervals(home, day, nowMs));
  const energy = totalsOf(intervals);
  const isSettled = month < localMonth(nowMs, ZONE);
  const posted = (line: string) => (isSettled ? hashOf(`${id} ${month} ${line}`).slice(0, 32) : null);
  const session = { quantity: 5_460, amountMinor: 1_365 };
  const creditMwh = 31_250_000;
  const lines: Statement['lines'] = [
    {
      ...{ id: 'energy', kind: 'energy', title: 'What I used from the roof (allocated energy)', unit: 'mWh' },
      ...{ quantity: energy.allocatedMwh, unitPrice: String(OWN_PRICE), amountMinor: energy.costMinor },
      ...{ quality: energy.quality, transaction: posted('energy') },
    },
    {
      ...{ id: 'session', kind: 'session', title: 'Laser cutter, 3 sessions', unit: 's', unitPrice: '900' },
      ...{ ...session, quality: 'good', transaction: posted('session') },
    },
    {
      ...{ id: 'credit', kind: 'credit', title: 'My part of what we sold to the grid', unit: 'mWh' },
      ...{ quantity: creditMwh, unitPrice: '7.2', amountMinor: -225, quality: 'good', transaction: posted('credit') },
    },
  ];
  return {
    ...{ id: `${id}-${month}`, member: id, memberName: name, month, currency: 'EUR', method: 'pro-rata' },
    ...{
      status: isSettled ? 'settled' : 'draft',
      version: 1,
      lines,
      energy,
      account: isSettled ? [fixtureAccount(month)] : [],
    },
    totalMinor: sum(lines.map(({ amountMinor }) => amountMinor)),
    roundingMicroMwh: sum(intervals.map(({ roundingMicroMwh }) => roundingMicroMwh)),
    settledMs: isSettled ? monthSpan(month, ZONE).toMs + 2 * 86_400_000 : null,
    ledgerHead: isSettled ? hashOf(`head ${month}`) : null,
    inputsHash: isSettled ? hashOf(`inputs ${month}`) : null,
  };
}

export function statementList(person: Person, nowMs: number): StatementSummary[] {
  const current = localMonth(nowMs, ZONE);
  return [current, previousMonth(current)].map((month) => {
    const { status, totalMinor, energy } = statementOf(person, month, nowMs);
    return { month, status, totalMinor, allocatedMwh: energy.allocatedMwh };
  });
}
