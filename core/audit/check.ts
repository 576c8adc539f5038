/** One check: looks at an invariant slice by slice, in the order of keys, from where it stopped. */
import type { Invariant } from './invariants.ts';

/** Everything up to the key `after` was looked at; `memo` is what the next slice has to know of it. */
export type Position = { readonly after: string; readonly memo: string };
export const BEGINNING: Position = { after: '', memo: '' };

/** What is not right at a key. */
export type Fault = {
  readonly at: string;
  readonly subject: string;
  readonly message: string;
  readonly month?: string;
};

export type Slice = {
  readonly next: Position;
  /** All was looked at: what comes after is another round. */
  readonly isRound: boolean;
  readonly checked: number;
  readonly faults: readonly Fault[];
  /** Could not be judged now: what was found there before stands. */
  readonly isSkipped?: true;
};

export type Check = {
  /** Where it stopped is kept under this name. */
  readonly name: string;
  readonly invariant: Invariant;
  /** A round begins so long after the one before began, and not before that has ended. */
  readonly everyMs: number;
  readonly look: (from: Position) => Promise<Slice> | Slice;
};

/** Of a slice that finds nothing right these are told; the others are told when these are mended. */
export const FAULTS_PER_SLICE_MAX = 50;

const DIGITS = 16;

/** Whole numbers of up to 2^53 as a key whose order is theirs. */
export function auditKey(...parts: readonly number[]): string {
  return parts.map((part) => String(part).padStart(DIGITS, '0')).join('/');
}

export function keyParts(key: string): number[] {
  return key === '' ? [] : key.split('/').map(Number);
}

/** Between a key and all that come after it. */
export function justAfter(key: string): string {
  return `${key}~`;
}

/** Ends a round. */
export function lastSlice(checked: number, faults: readonly Fault[]): Slice {
  return { next: BEGINNING, isRound: true, checked, faults };
}
