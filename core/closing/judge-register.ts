/** Whether one register of one metering point lets its month close: complete, or every gap decided by a person. */
import { QUARTER_HOUR_MS, type Span } from '../time.ts';

/** What may keep a month open. Each is decided apart, for each register. */
export const CLOSING_MATTERS = ['missing', 'estimated', 'unplaced'] as const;
export type ClosingMatter = (typeof CLOSING_MATTERS)[number];

/** Of one register in one month. */
export type RegisterFacts = {
  /** Intervals that should have a value. */
  readonly expected: number;
  /** Intervals without one. */
  readonly missing: number;
  /** Intervals whose energy an estimate placed over a gap; those merely read beside their edge do not count. */
  readonly placed: number;
  /** The longest unbroken run of placed intervals. */
  readonly longestPlacedMs: number;
  /** What the register counted and no interval holds, gap by gap, without its sign. */
  readonly unplacedMwh: number;
};

/** A decision holds for what was known when it was made: a hole that grew is a new one. */
export type RegisterDecision = {
  readonly matter: ClosingMatter;
  readonly isAccepted: boolean;
  readonly extent: number;
};

/** More of a register's own intervals than this, placed by an estimate, are looked at by a person: 36 hours of a month. */
export const PLACED_PART_MAX = 0.05;
/** And so is a single gap longer than a day: no other day says what this one was. */
export const PLACED_GAP_MAX_MS = 86_400_000;

/** How much there is to decide: intervals, or mWh of what is unplaced. */
export function extentOf(facts: RegisterFacts, matter: ClosingMatter): number {
  switch (matter) {
    case 'missing':
      return facts.missing;
    case 'estimated':
      return facts.placed;
    case 'unplaced':
      return facts.unplacedMwh;
    default:
      return matter satisfies never;
  }
}

/** What stands in the way of the month, decided or not. */
export function mattersOf(facts: RegisterFacts): ClosingMatter[] {
  const isMuchPlaced = facts.placed > facts.expected * PLACED_PART_MAX || facts.longestPlacedMs > PLACED_GAP_MAX_MS;
  return CLOSING_MATTERS.filter((matter) => (matter === 'estimated' ? isMuchPlaced : extentOf(facts, matter) > 0));
}

/** What must still be decided; of several decisions on one matter the last one counts. */
export function openMatters(facts: RegisterFacts, decisions: readonly RegisterDecision[]): ClosingMatter[] {
  return mattersOf(facts).filter((matter) => {
    const last = decisions.findLast((decision) => decision.matter === matter);
    return last === undefined || !last.isAccepted || last.extent < extentOf(facts, matter);
  });
}

/** Starts of intervals, ascending, joined where one follows the other. */
export function joinStarts(starts: readonly number[]): Span[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const start of starts) {
    const last = spans.at(-1);
    if (last?.toMs === start) last.toMs = start + QUARTER_HOUR_MS;
    else spans.push({ fromMs: start, toMs: start + QUARTER_HOUR_MS });
  }
  return spans;
}
