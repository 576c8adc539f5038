/** One interval settled: the rule in force, what each storage gives, everybody's share, what each storage then holds. */
import { invariant } from '../errors.ts';
import { type IntervalPart, type PartShare, shareInterval } from './share-interval.ts';
import { type IntervalRule, ruleAt, type SharingRules } from './sharing-rules.ts';
import {
  drawStock,
  EMPTY_STOCK,
  fillStock,
  type HeldStock,
  heldMwh,
  type Stock,
  type StorageFlow,
  stockAt,
} from './storage-stock.ts';

export type SettledInterval = {
  readonly rule: IntervalRule;
  /** In the order of the parts: consumers, then producers. */
  readonly shares: readonly PartShare[];
  /** Of every storage with a measurement in the interval; the others hold what they held. */
  readonly storage: ReadonlyMap<string, StorageFlow>;
};

/**
 * The same for the running day, for a settlement and for its check. Null before the first tariff.
 * @param interval.parts the measured registers of the points assigned in it; what is missing is left out.
 * @param stocks the newest stock of each storage from before the interval; one that has none is empty.
 */
export function settleInterval(
  rules: SharingRules,
  interval: { readonly startMs: number; readonly endMs: number; readonly parts: readonly IntervalPart[] },
  stocks: ReadonlyMap<string, HeldStock>,
): SettledInterval | null {
  const rule = ruleAt(rules, interval);
  if (rule === null) return null;
  const { parts } = interval;
  if (rule.storageOrigin === null) return { rule, shares: shareInterval(rule, parts), storage: new Map() };
  const draws = new Map<string, Draw>();
  for (const { id } of parts) {
    if (!rule.storage.has(id) || draws.has(id)) continue;
    draws.set(id, draw(stocks.get(id), { startMs: rule.startMs, mwh: mwhOf(parts, id, 1) }));
  }
  const own = parts.map((part) =>
    part.direction === 1 && draws.has(part.id) ? { ...part, mwh: draws.get(part.id)?.ownMwh ?? 0 } : part,
  );
  const offered = new Map(own.flatMap((part) => (part.direction === 1 ? [[part.id, part.mwh] as const] : [])));
  const shares = shareInterval(rule, own).map((share) =>
    share.direction === 0 ? share : producerShare(share, offered.get(share.id) ?? 0, mwhOf(parts, share.id, 1)),
  );
  const storage = new Map([...draws].map(([id, drawn]) => [id, flowOf(drawn, shares, { parts, id })]));
  return { rule, shares, storage };
}

type Draw = {
  readonly openingMwh: number;
  readonly stock: Stock;
  readonly ownMwh: number;
  readonly unknownMwh: number;
  readonly lostMwh: number;
};

/** What is given in an interval is taken from what was held when it began: what came in meanwhile is not known yet. */
function draw(held: HeldStock | undefined, of: { startMs: number; mwh: number }): Draw {
  const { stock, lostMwh } = held === undefined ? { stock: EMPTY_STOCK, lostMwh: 0 } : stockAt(held, of.startMs);
  return { openingMwh: heldMwh(held?.stock ?? EMPTY_STOCK), lostMwh, ...drawStock(stock, of.mwh) };
}

/** What came from the grid was not offered: it stays with the storage's owner, in the rest. */
function producerShare(share: PartShare, offeredMwh: number, mwh: number): PartShare {
  return { ...share, offeredMwh, restMwh: mwh - share.allocatedMwh };
}

function flowOf(
  drawn: Draw,
  shares: readonly PartShare[],
  of: { parts: readonly IntervalPart[]; id: string },
): StorageFlow {
  const charge = shares.find((share) => share.id === of.id && share.direction === 0);
  const [chargedOwnMwh, chargedGridMwh] = [charge?.allocatedMwh ?? 0, charge?.restMwh ?? 0];
  const closing = fillStock(drawn.stock, { ownMwh: chargedOwnMwh, gridMwh: chargedGridMwh });
  const given = mwhOf(of.parts, of.id, 1);
  invariant(
    drawn.openingMwh + chargedOwnMwh + chargedGridMwh + drawn.unknownMwh === heldMwh(closing) + given + drawn.lostMwh,
    'what a storage held and took is what it holds, gave and lost',
  );
  return {
    closing,
    chargedOwnMwh,
    chargedGridMwh,
    givenOwnMwh: drawn.ownMwh,
    givenGridMwh: given - drawn.ownMwh,
    unknownMwh: drawn.unknownMwh,
    lostMwh: drawn.lostMwh,
  };
}

function mwhOf(parts: readonly IntervalPart[], id: string, direction: 0 | 1): number {
  return parts.find((part) => part.id === id && part.direction === direction)?.mwh ?? 0;
}
