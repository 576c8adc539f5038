/** Raw words to a number, or null when they say "no value": checked on the words, before any scaling. */
import type { WireType } from '../profile/schema.ts';

export type RawRule = {
  readonly type: WireType;
  readonly order?: 'msw' | 'lsw';
  /** Big-endian hex of the words that mean "no value". */
  readonly sentinels?: readonly string[];
};

const WORDS: Readonly<Record<WireType, number>> = {
  u16: 1,
  s16: 1,
  enum16: 1,
  u32: 2,
  s32: 2,
  acc32: 2,
  f32: 2,
  u64: 4,
  s64: 4,
  f64: 4,
  acc64: 4,
};

export function wordCount(type: WireType): number {
  return WORDS[type];
}

/**
 * What SunSpec writes into a point that is not implemented (information model specification, "unimplemented values").
 * An accumulator of 0 has never counted, which is not a reading.
 */
export const SUNSPEC_SENTINELS: Readonly<Record<WireType, readonly string[]>> = {
  u16: ['0xffff'],
  s16: ['0x8000'],
  enum16: ['0xffff'],
  u32: ['0xffffffff'],
  s32: ['0x80000000'],
  acc32: ['0x00000000'],
  f32: [],
  u64: ['0xffffffffffffffff'],
  s64: ['0x8000000000000000'],
  f64: [],
  acc64: ['0x0000000000000000'],
};

/** `words` as read from the wire, `wordCount(type)` of them. Null also for NaN, infinity and what a double cannot hold. */
export function rawNumber(words: readonly number[], rule: RawRule): number | null {
  if (words.length !== WORDS[rule.type]) return null;
  if (rule.sentinels !== undefined && rule.sentinels.length > 0) {
    const hex = `0x${words.map((word) => word.toString(16).padStart(4, '0')).join('')}`;
    if (rule.sentinels.some((sentinel) => sentinel.toLowerCase() === hex)) return null;
  }
  const ordered = rule.order === 'lsw' ? words.toReversed() : words;
  const value = ordered.length === 1 ? single(ordered[0] ?? 0, rule.type) : multiple(ordered, rule.type);
  return Number.isFinite(value) ? value : null;
}

function single(word: number, type: WireType): number {
  return type === 's16' && word > 0x7fff ? word - 0x1_0000 : word;
}

const view = new DataView(new ArrayBuffer(8));

function multiple(words: readonly number[], type: WireType): number {
  words.forEach((word, index) => {
    view.setUint16(index * 2, word);
  });
  switch (type) {
    case 'f32':
      return view.getFloat32(0);
    case 'f64':
      return view.getFloat64(0);
    case 'u32':
    case 'acc32':
      return view.getUint32(0);
    case 's32':
      return view.getInt32(0);
    case 'u64':
    case 'acc64':
      return exact(view.getBigUint64(0));
    case 's64':
      return exact(view.getBigInt64(0));
    case 'u16':
    case 's16':
    case 'enum16':
      return Number.NaN;
    default:
      return type satisfies never;
  }
}

/** A register beyond 2^53 would be rounded: no reading rather than a wrong one. */
function exact(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : Number.NaN;
}
