/** One byte beside each value: its quality, whether there is a value at all, and whether it is a word. */
import type { Quality } from '@commonworks/core';
import { qualityOfRank, qualityRank } from '@commonworks/core';

const RANK_BITS = 0x07;
const NULL_BIT = 0x08;
const WORD_BIT = 0x10;

export function packFlags(quality: Quality, value: number | string | null): number {
  return qualityRank(quality) | (value === null ? NULL_BIT : 0) | (typeof value === 'string' ? WORD_BIT : 0);
}

export function flaggedQuality(flags: number): Quality {
  return qualityOfRank(flags & RANK_BITS);
}

export function isNullFlagged(flags: number): boolean {
  return (flags & NULL_BIT) !== 0;
}

/** A word is stored as its number in the dictionary. */
export function isWordFlagged(flags: number): boolean {
  return (flags & WORD_BIT) !== 0;
}
