/** What a storage holds, by where it came from: so that energy bought from the grid is never given out as the community's. */
import { floorOfShare } from '../allocation/exact-product.ts';
import type { Mwh } from '../energy.ts';
import { invariant } from '../errors.ts';

/** Whole mWh as the storage's own registers counted them. */
export type Stock = {
  readonly communityMwh: Mwh;
  readonly gridMwh: Mwh;
  /** The least that was held at any moment since the day began (00:00 UTC). */
  readonly leastMwh: Mwh;
};

/** A stock as it was when the interval that began at `atMs` ended. */
export type HeldStock = { readonly atMs: number; readonly stock: Stock };

/** What one interval did to a storage. opening + charged + unknown = closing + given + lost. */
export type StorageFlow = {
  readonly closing: Stock;
  readonly chargedOwnMwh: Mwh;
  readonly chargedGridMwh: Mwh;
  /** Given back of the community's energy: this alone is shared. */
  readonly givenOwnMwh: Mwh;
  readonly givenGridMwh: Mwh;
  /** Part of `givenGrid` that was not in the stock: of unknown origin. */
  readonly unknownMwh: Mwh;
  readonly lostMwh: Mwh;
};

export const EMPTY_STOCK: Stock = { communityMwh: 0, gridMwh: 0, leastMwh: 0 };

const DAY_MS = 86_400_000;

export const heldMwh = ({ communityMwh, gridMwh }: Stock): Mwh => communityMwh + gridMwh;

/**
 * At each 00:00 UTC what lay untouched for the whole day is taken for lost: a storage gives back less than it took, and
 * the difference would otherwise stay in the stock for ever.
 */
export function stockAt(held: HeldStock, startMs: number): { stock: Stock; lostMwh: Mwh } {
  const days = Math.floor(startMs / DAY_MS) - Math.floor(held.atMs / DAY_MS);
  let { stock } = held;
  let lostMwh = 0;
  // The first midnight leaves what was touched that day, a second one nothing: a third changes nothing more.
  for (let day = 0; day < Math.min(days, 2); day++) {
    lostMwh += stock.leastMwh;
    const left = take(stock, stock.leastMwh).stock;
    stock = { ...left, leastMwh: heldMwh(left) };
  }
  return { stock, lostMwh };
}

/** Takes from both origins in proportion, the community's part rounded down; what is not there is of unknown origin. */
export function drawStock(stock: Stock, mwh: Mwh): { stock: Stock; ownMwh: Mwh; unknownMwh: Mwh } {
  const there = Math.min(mwh, heldMwh(stock));
  const { stock: left, ownMwh } = take(stock, there);
  return { stock: { ...left, leastMwh: Math.min(stock.leastMwh, heldMwh(left)) }, ownMwh, unknownMwh: mwh - there };
}

export function fillStock(stock: Stock, { ownMwh, gridMwh }: { ownMwh: Mwh; gridMwh: Mwh }): Stock {
  return { ...stock, communityMwh: stock.communityMwh + ownMwh, gridMwh: stock.gridMwh + gridMwh };
}

function take(stock: Stock, mwh: Mwh): { stock: Stock; ownMwh: Mwh } {
  const sum = heldMwh(stock);
  const ownMwh = mwh === 0 ? 0 : floorOfShare(mwh, stock.communityMwh, sum);
  const left = {
    communityMwh: stock.communityMwh - ownMwh,
    gridMwh: stock.gridMwh - (mwh - ownMwh),
    leastMwh: stock.leastMwh,
  };
  invariant(left.communityMwh >= 0 && left.gridMwh >= 0, 'no more is taken from a stock than it holds');
  return { stock: left, ownMwh };
}
