/** Why a cell may differ from the operator's: predicates on what was measured, never on what was allocated. */
import type { Mwh } from '@commonworks/core';

export const CELL_KINDS = ['offered', 'covered', 'surplus'] as const;
export type CellKind = (typeof CELL_KINDS)[number];

export type Member = {
  readonly id: string /** Position in the report. */;
  readonly at: number;
  readonly mwh: Mwh | null;
};

/** Those who share in one interval, with their inputs only. */
export type SharedGroup = {
  readonly name: string;
  readonly consumers: Member[];
  readonly producers: Member[];
  consumedMwh: Mwh;
  producedMwh: Mwh;
};

export type Cell = {
  readonly kind: CellKind;
  readonly id: string;
  readonly interval: number;
  /** The measured value beside the cell: consumption, or generation. */
  readonly input: Mwh | null;
  readonly group: SharedGroup;
};

/** What the report as a whole says about its inputs. */
export type ReportFacts = {
  /** The interval in which the last of the consumers has its first value. */
  readonly lastJoining: number;
  /** Consumers that are named in the head but have no value at all. */
  readonly silentConsumers: number;
};

export type Cause = { readonly name: string; readonly meaning: string; readonly holds: (cell: Cell) => boolean };

/** In the order in which they are asked; the first that holds explains a cell. docs/import-eda.md says more of each. */
export function causesOf(facts: ReportFacts): Cause[] {
  return [
    {
      name: 'no-input',
      meaning: 'the measured value beside the cell is blank',
      holds: (cell) => cell.input === null,
    },
    {
      name: 'each-rounded-alone',
      meaning: 'surplus of 2 mWh or more that rounding every share half up by itself leaves of a production all used',
      holds: ({ kind, group, input }) =>
        kind === 'surplus' &&
        group.producedMwh > 0 &&
        group.producedMwh <= group.consumedMwh &&
        Math.round((leftByHalfUp(group) * (input ?? 0)) / group.producedMwh) >= 2,
    },
    {
      name: 'surplus-deducted-twice',
      meaning:
        'surplus where production exceeds consumption, in a report that names consumers without values: it deducts some members twice',
      holds: ({ kind, group }) =>
        kind === 'surplus' && facts.silentConsumers > 0 && group.producedMwh > group.consumedMwh,
    },
    {
      name: 'before-last-joining',
      meaning: 'a consumer of this report has no value yet: the community was another one then',
      holds: (cell) => cell.interval < facts.lastJoining,
    },
  ];
}

/** What is left of the production when every share is rounded half up by itself; negative when too much was given. */
function leftByHalfUp({ consumers, consumedMwh, producedMwh }: SharedGroup): Mwh {
  if (consumedMwh === 0) return 0;
  let given = 0;
  // The quotient in doubles is off by less than 10^-6 mWh: exact enough to foretell a rounding.
  for (const { mwh } of consumers) given += Math.round((producedMwh * (mwh ?? 0)) / consumedMwh);
  return producedMwh - given;
}
