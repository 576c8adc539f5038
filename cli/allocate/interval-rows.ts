/** The rows of an interval file in columns, in the order of the file: a million rows are 40 MB, not a million objects. */
import type { Mwh } from '@commonworks/core';

export const ROLES = ['consumer', 'producer'] as const;
export type Role = (typeof ROLES)[number];

export type IntervalRows = {
  /** As written, for printing. */
  readonly starts: string[];
  readonly startsMs: number[];
  /** Position in `names`. */
  readonly participants: number[];
  /** Position in `ROLES`. */
  readonly roles: number[];
  readonly mwh: Mwh[];
  /** Line of the file, for faults. */
  readonly lines: number[];
  readonly names: string[];
};

export function emptyRows(): IntervalRows {
  return { starts: [], startsMs: [], participants: [], roles: [], mwh: [], lines: [], names: [] };
}
