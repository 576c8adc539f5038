/** Draft and bill over random histories, against each other and against a naive account in big integers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tieHash } from '../allocation/index.ts';
import type { MeteringRole } from '../api/people.ts';
import {
  type HeldStock,
  type InputRow,
  inputFault,
  intervalFault,
  isAssigned,
  type PeriodHeader,
  SHARED_DIRECTIONS,
  type SharingRules,
  settleInterval,
  tallyPeriod,
} from './index.ts';

const H6 = 6 * 3_600_000;
const DAY = 86_400_000;
const COUNT = 14;
const FROM = 100 * DAY + H6;

const POINTS: readonly { id: string; role: MeteringRole; owner: string }[] = [
  { id: 'roof', role: 'producer', owner: 'community' },
  { id: 'barn', role: 'producer', owner: 'ann' },
  { id: 'old-home', role: 'consumer', owner: 'ann' },
  { id: 'new-home', role: 'consumer', owner: 'ann' },
  { id: 'heat-pump', role: 'consumer', owner: 'ann' },
  { id: 'bens-home', role: 'consumer', owner: 'ben' },
  { id: 'workshop', role: 'workshop', owner: 'community' },
  { id: 'battery', role: 'storage', owner: 'community' },
  { id: 'bens-battery', role: 'storage', owner: 'ben' },
  { id: 'grid', role: 'grid', owner: 'community' },
];
const HOLDERS = ['ann', 'ben', 'cleo', 'community'];

type Spans = { fromMs: number; toMs: number | null }[];
type Energies = Record<string, (number | null)[]>;
type History = { rules: SharingRules; energies: Energies };

/** Begins and ends anywhere, also within an interval and outside the period. */
const spans: fc.Arbitrary<Spans> = fc
  .array(fc.integer({ min: -3, max: 4 * COUNT + 3 }), { minLength: 0, maxLength: 4 })
  .map((cuts) => {
    const sorted = [...new Set(cuts)].sort((a, b) => a - b).map((cut) => FROM + (cut * H6) / 4);
    const pairs: Spans = [];
    for (let i = 0; i < sorted.length; i += 2) {
      pairs.push({ fromMs: sorted[i] as number, toMs: sorted[i + 1] ?? null });
    }
    return pairs;
  });
const always: fc.Arbitrary<Spans> = fc.constant([{ fromMs: 0, toMs: null }]);
const energy = fc.option(
  fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 4_000_000 })),
  { freq: 7 },
);
const tariff = fc.record({
  method: fc.constantFrom('pro-rata' as const, 'fixed' as const),
  shareBy: fc.constantFrom('member' as const, 'point' as const),
  storageOrigin: fc.constantFrom('proportional' as const, 'solar-first' as const),
});
const holding = fc.record(
  Object.fromEntries(HOLDERS.map((holder) => [holder, fc.integer({ min: 0, max: 5 })])) as Record<
    string,
    fc.Arbitrary<number>
  >,
);
const registersOf = (role: MeteringRole) => SHARED_DIRECTIONS[role];

const history: fc.Arbitrary<History> = fc
  .record({
    spans: fc.tuple(...POINTS.map(() => fc.oneof(always, spans))),
    tariffs: fc.array(fc.tuple(fc.integer({ min: 0, max: COUNT }), tariff), { minLength: 1, maxLength: 3 }),
    holdings: fc.array(fc.tuple(fc.integer({ min: 0, max: 4 * COUNT }), holding), { maxLength: 3 }),
    energies: fc.record(
      Object.fromEntries(
        POINTS.flatMap(({ id, role }) =>
          registersOf(role).map((direction) => [
            `${id}/${direction}`,
            fc.array(energy, { minLength: COUNT, maxLength: COUNT }),
          ]),
        ),
      ) as Record<string, fc.Arbitrary<(number | null)[]>>,
    ),
  })
  .map((of) => ({
    energies: of.energies,
    rules: {
      points: POINTS.map((point, i) => ({ ...point, spans: of.spans[i] ?? [] })),
      tariffs: dated(of.tariffs, H6).map(({ fromMs, value }, i) => ({ id: `key-${i}`, fromMs, ...value })),
      holdings: dated(of.holdings, H6 / 4).map(({ fromMs, value }) => ({ fromMs, shares: value })),
    },
  }));

function dated<T>(list: readonly (readonly [number, T])[], unit: number): { fromMs: number; value: T }[] {
  const byCut = new Map(list);
  return [...byCut]
    .sort(([a], [b]) => a - b)
    .map(([cut, value], i) => ({ fromMs: i === 0 ? FROM - DAY : FROM + cut * unit, value }));
}

type Row = readonly [id: string, direction: 0 | 1, k: number, offered: number, allocated: number, rest: number];

/** What each interval is assigned and measured, from the whole dated history. */
function partsOf({ rules, energies }: History, k: number) {
  const interval = { startMs: FROM + k * H6, endMs: FROM + (k + 1) * H6 };
  return rules.points
    .filter((point) => isAssigned(point, interval))
    .flatMap(({ id, role }) =>
      registersOf(role).map((direction) => ({ id, direction, mwh: energies[`${id}/${direction}`]?.[k] ?? null })),
    );
}

function draftOf(of: History): Row[] {
  const stocks = new Map<string, HeldStock>();
  const rows: Row[] = [];
  for (let k = 0; k < COUNT; k++) {
    const startMs = FROM + k * H6;
    const parts = partsOf(of, k).flatMap((part) => (part.mwh === null ? [] : [{ ...part, mwh: part.mwh }]));
    const settled = settleInterval(of.rules, { startMs, endMs: startMs + H6, parts }, stocks);
    for (const [id, flow] of settled?.storage ?? []) stocks.set(id, { atMs: startMs, stock: flow.closing });
    for (const { id, direction, offeredMwh, allocatedMwh, restMwh } of settled?.shares ?? []) {
      rows.push([id, direction, k, offeredMwh, allocatedMwh, restMwh]);
    }
  }
  return rows;
}

function headerOf({ rules }: History): PeriodHeader {
  const toMs = FROM + COUNT * H6;
  return {
    ...{ format: 1, community: 'c', currency: 'EUR', zone: 'UTC', month: '1970-04', fromMs: FROM, toMs },
    ...{ intervalMs: H6, sources: [], storage: [] },
    points: rules.points.map((point) => ({
      ...{ id: point.id, role: point.role, owner: point.owner },
      spans: (point.spans ?? []).flatMap((span) => {
        const cut = { fromMs: Math.max(span.fromMs, FROM), toMs: Math.min(span.toMs ?? toMs, toMs) };
        return cut.fromMs < cut.toMs ? [cut] : [];
      }),
    })),
    tariffs: rules.tariffs.map((one) => ({ ...one, internalPrice: '10' })),
    holdings: rules.holdings.map(({ fromMs, shares }) => ({ fromMs, shares: { ...shares } })),
  };
}

function billOf(of: History): Row[] {
  const header = headerOf(of);
  const tally = tallyPeriod(header);
  const rows: Row[] = [];
  for (let k = 0; k < COUNT; k++) {
    const inputs = partsOf(of, k).map(({ id, direction, mwh }): InputRow => {
      const place = header.points.findIndex((point) => point.id === id);
      const edges = mwh === null ? ([null, null] as const) : ([3, 3 + mwh] as const);
      return [place, direction, FROM + k * H6, ...edges, null, null, 0, mwh, 0, 0, null, null, null, null];
    });
    if (inputs.length === 0) continue;
    for (const row of inputs) expect(inputFault(header, row)).toBeNull();
    expect(intervalFault(header, inputs)).toBeNull();
    for (const [place, direction, , offered, allocated, rest] of tally.settle(inputs)) {
      rows.push([header.points[place]?.id ?? '', direction, k, offered, allocated, rest]);
    }
  }
  for (const sums of tally.storage()) {
    const { openingMwh, chargedOwnMwh, chargedGridMwh, unknownMwh, closingMwh, givenOwnMwh, givenGridMwh } = sums;
    expect(openingMwh + chargedOwnMwh + chargedGridMwh + unknownMwh).toBe(
      closingMwh + givenOwnMwh + givenGridMwh + sums.lostMwh,
    );
  }
  return rows;
}

// The oracle: the rule of docs/allocation.md read once more, in big integers, without any of the code above.

type Tie = { key: string; startMs: number };
function hamilton(total: bigint, weights: Map<string, bigint>, tie: Tie): Map<string, bigint> {
  const sum = [...weights.values()].reduce((a, b) => a + b, 0n);
  const shares = new Map([...weights].map(([id, weight]) => [id, sum === 0n ? 0n : (total * weight) / sum]));
  if (sum === 0n) return shares;
  let left = total - [...shares.values()].reduce((a, b) => a + b, 0n);
  const order = [...weights]
    .map(([id, weight]) => ({ id, remainder: (total * weight) % sum, hash: tieHash(tie.key, tie.startMs, id) }))
    .sort((a, b) => Number(b.remainder - a.remainder) || a.hash - b.hash || (a.id < b.id ? -1 : 1));
  for (const { id } of order) {
    if (left === 0n) break;
    shares.set(id, (shares.get(id) ?? 0n) + 1n);
    left--;
  }
  return shares;
}
const min = (a: bigint, b: bigint) => (a < b ? a : b);
const total = (map: Iterable<bigint>) => [...map].reduce((a, b) => a + b, 0n);

type Held = { own: bigint; grid: bigint; least: bigint; day: number };

function giveBack(held: Held, mwh: bigint): bigint {
  const sum = held.own + held.grid;
  const there = min(mwh, sum);
  const own = there === 0n ? 0n : (there * held.own) / sum;
  held.own -= own;
  held.grid -= there - own;
  return own;
}

function oracle({ rules, energies }: History): Row[] {
  const held = new Map<string, Held>();
  const rows: Row[] = [];
  for (let k = 0; k < COUNT; k++) rows.push(...oracleInterval({ rules, energies }, k, held));
  return rows;
}

function oracleInterval({ rules, energies }: History, k: number, held: Map<string, Held>): Row[] {
  const startMs = FROM + k * H6;
  const at = (ms: number, spans: Spans) => spans.some((span) => span.fromMs <= ms && ms < (span.toMs ?? Infinity));
  const here = rules.points.filter(({ spans = [] }) => {
    return at(startMs, [...spans]) && at(startMs + H6 - 1, [...spans]);
  });
  const inForce = [...rules.tariffs].reverse().find(({ fromMs }) => fromMs <= startMs);
  if (inForce === undefined) return [];
  const tie = { key: inForce.id, startMs };
  const value = (id: string, direction: 0 | 1) => {
    const mwh = energies[`${id}/${direction}`]?.[k];
    return mwh === null || mwh === undefined ? null : BigInt(mwh);
  };
  const made = new Map<string, bigint>();
  const whole = new Map<string, bigint>();
  for (const { id, role } of here) {
    const given = role === 'producer' || role === 'storage' ? value(id, 1) : null;
    const isMeasured = role === 'storage' && (given !== null || value(id, 0) !== null);
    if (isMeasured) {
      const stock = held.get(id) ?? { own: 0n, grid: 0n, least: 0n, day: Math.floor(startMs / DAY) };
      for (; stock.day < Math.floor(startMs / DAY); stock.day++) {
        giveBack(stock, stock.least);
        stock.least = stock.own + stock.grid;
      }
      held.set(id, stock);
    }
    if (given === null) continue;
    whole.set(id, given);
    made.set(id, role === 'storage' ? giveBack(held.get(id) as Held, given) : given);
    const stock = held.get(id);
    if (stock !== undefined) stock.least = min(stock.least, stock.own + stock.grid);
  }
  const takes = (role: MeteringRole) => role === 'consumer' || role === 'workshop' || role === 'storage';
  const users = here.filter(({ role, id }) => takes(role) && value(id, 0) !== null);
  const produced = total(made.values());
  const offered = new Map<string, bigint>();
  const allocated = new Map<string, bigint>();
  const isLater = (role: MeteringRole) => role === 'storage' && inForce.storageOrigin === 'solar-first';
  const keyed = users.filter(({ role }) => !isLater(role));
  const use = (list: typeof users) => new Map(list.map(({ id }) => [id, value(id, 0) ?? 0n]));
  const holdings = [...rules.holdings].reverse().find(({ fromMs }) => fromMs <= startMs)?.shares;
  for (const { id } of users) {
    offered.set(id, 0n);
    allocated.set(id, 0n);
  }
  if (inForce.method === 'pro-rata') {
    const needs = use(keyed);
    for (const [id, share] of hamilton(produced, needs, tie)) {
      offered.set(id, share);
      allocated.set(id, min(share, needs.get(id) ?? 0n));
    }
  } else if (holdings !== undefined) {
    const living = here.filter(({ role }) => takes(role) && !isLater(role));
    const groupOf = (point: (typeof here)[number]) => (inForce.shareBy === 'member' ? point.owner : point.id);
    const weights = new Map<string, bigint>();
    // 60 is divisible by every number of points that one holder has here.
    for (const [holder, shares] of Object.entries(holdings)) {
      const own = living.filter(({ owner }) => owner === holder);
      const groups = new Set(own.map(groupOf));
      if (groups.size === 0) weights.set(`nowhere/${holder}`, BigInt(shares) * 60n);
      for (const group of groups) weights.set(group, (BigInt(shares) * 60n) / BigInt(groups.size));
    }
    // Whoever has a weight but no measured use stands for one together, and gets nothing.
    const measured = new Set(keyed.map(groupOf));
    const silent = total([...weights].filter(([id]) => !measured.has(id)).map(([, weight]) => weight));
    const key = new Map([...measured].map((id) => [id, weights.get(id) ?? 0n]));
    if (silent > 0n) key.set('nobody', silent);
    for (const [group, offer] of hamilton(produced, key, tie)) {
      const own = use(keyed.filter((point) => groupOf(point) === group));
      const sum = total(own.values());
      const spread = sum === 0n ? new Map([...own.keys()].map((id) => [id, 1n])) : own;
      for (const [id, part] of hamilton(offer, spread, tie)) offered.set(id, part);
      for (const [id, part] of hamilton(min(offer, sum), own, tie)) allocated.set(id, part);
    }
  }
  const open = new Map(
    users
      .filter(({ role }) => role === 'storage')
      .map(({ id }) => [id, (value(id, 0) ?? 0n) - (allocated.get(id) ?? 0n)] as const)
      .filter(([, rest]) => rest > 0n),
  );
  const more = min(produced - total(allocated.values()), total(open.values()));
  for (const [id, part] of hamilton(more, open, tie)) {
    const credit = (allocated.get(id) ?? 0n) + part;
    allocated.set(id, credit);
    if (credit > (offered.get(id) ?? 0n)) offered.set(id, credit);
  }
  const used = hamilton(total(allocated.values()), made, tie);
  const rows: Row[] = [];
  for (const { id, role } of users) {
    const [mwh, credit] = [value(id, 0) ?? 0n, allocated.get(id) ?? 0n];
    rows.push([id, 0, k, Number(offered.get(id)), Number(credit), Number(mwh - credit)]);
    if (role === 'storage') {
      const stock = held.get(id) as Held;
      stock.own += credit;
      stock.grid += mwh - credit;
    }
  }
  for (const [id, part] of made) {
    const credit = used.get(id) ?? 0n;
    rows.push([id, 1, k, Number(part), Number(credit), Number((whole.get(id) ?? 0n) - credit)]);
  }
  return rows;
}

const sorted = (rows: readonly Row[]) => rows.map((row) => row.join(' ')).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

describe('draft, bill and oracle', () => {
  it('agree to the milliwatt-hour over moves, transfers, changing rules, silent meters and batteries', () => {
    fc.assert(
      fc.property(history, (of) => {
        const draft = sorted(draftOf(of));
        expect(sorted(billOf(of))).toEqual(draft);
        expect(draft).toEqual(sorted(oracle(of)));
      }),
      { numRuns: 400 },
    );
  });

  it('give away no more than was produced, and of a battery no more of its own than went in', () => {
    fc.assert(
      fc.property(history, (of) => {
        const rows = draftOf(of);
        for (let k = 0; k < COUNT; k++) {
          const sum = (direction: 0 | 1) =>
            rows.filter((row) => row[1] === direction && row[2] === k).reduce((all, row) => all + row[4], 0);
          expect(sum(0)).toBe(sum(1));
        }
        for (const id of ['battery', 'bens-battery']) {
          let held = 0;
          for (let k = 0; k < COUNT; k++) {
            held -= rows.find((row) => row[0] === id && row[1] === 1 && row[2] === k)?.[3] ?? 0;
            expect(held).toBeGreaterThanOrEqual(0);
            held += rows.find((row) => row[0] === id && row[1] === 0 && row[2] === k)?.[4] ?? 0;
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
