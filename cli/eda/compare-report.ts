/** Our allocation of a report beside the operator's own: cell by cell, with the reasons for what differs. */
import type { Mwh } from '@commonworks/core';
import { allocateInterval } from '@commonworks/core/allocation/index.ts';
import { createProgress } from '../tables/progress.ts';
import { CELL_KINDS, type Cell, type CellKind, causesOf, type ReportFacts, type SharedGroup } from './causes.ts';
import type { EdaReport } from './eda-report.ts';
import type { GroupOf } from './sharing-groups.ts';

/** Both sides round once: our remainder and the operator's half-up may differ by one mWh and mean the same. */
export const AGREE_WITHIN_MWH = 1;

const EXAMPLES_MAX = 5;

export type CellCount = { compared: number; same: number; withinOne: number; differ: number };

export type CauseCount = {
  readonly name: string;
  readonly meaning: string;
  /** Differing cells explained by this cause and by none above it. */
  readonly explains: Record<CellKind, number>;
  /** Compared cells in which the predicate is true, and how many of those differ: how sharp it is. */
  holds: number;
  holdsAndDiffers: number;
};

export type Comparison = {
  readonly cells: Record<CellKind, CellCount>;
  readonly causes: readonly CauseCount[];
  readonly unexplained: Record<CellKind, number>;
  readonly unexplainedMaxMwh: Mwh;
  /** The first few unexplained cells, for a look at the file. */
  readonly examples: readonly string[];
};

/** @param options.accept false leaves an interval out, e.g. those that groups were learned from. */
export function compareReport(
  report: EdaReport,
  options: { keyVersion: string; groupOf: GroupOf; accept?: (interval: number) => boolean },
): Comparison {
  const causes = causesOf(factsOf(report));
  const tally = createTally(causes.map(({ name, meaning }) => ({ name, meaning })));
  const progress = createProgress('intervals compared');
  for (const [i, interval] of report.intervals.entries()) {
    if (options.accept?.(i) === false) continue;
    for (const group of groupsOf(report, i, options.groupOf)) {
      const { consumers, producers } = group;
      const share = allocateInterval({
        startMs: interval.startMs,
        keyVersion: options.keyVersion,
        method: 'pro-rata',
        consumers: consumers.map(({ id, mwh }) => ({ id, mwh: mwh ?? 0 })),
        producers: producers.map(({ id, mwh }) => ({ id, mwh: mwh ?? 0 })),
      });
      const judge = (cell: Omit<Cell, 'interval' | 'group'>, sides: { ours: Mwh; theirs: Mwh | null }): void => {
        const full: Cell = { ...cell, interval: i, group };
        if (sides.theirs !== null)
          tally.add(
            full,
            { ...sides, theirs: sides.theirs, start: interval.start },
            causes.map((cause) => cause.holds(full)),
          );
      };
      for (const [k, { id, mwh, at }] of consumers.entries()) {
        const consumer = report.consumers[at];
        judge(
          { kind: 'offered', id, input: mwh },
          { ours: share.consumers[k]?.offeredMwh ?? 0, theirs: consumer?.offered[i] ?? null },
        );
        judge(
          { kind: 'covered', id, input: mwh },
          { ours: share.consumers[k]?.allocatedMwh ?? 0, theirs: consumer?.covered[i] ?? null },
        );
      }
      for (const [k, { id, mwh, at }] of producers.entries()) {
        judge(
          { kind: 'surplus', id, input: mwh },
          { ours: share.producers[k]?.surplusMwh ?? 0, theirs: report.producers[at]?.surplus[i] ?? null },
        );
      }
    }
    progress(i + 1);
  }
  return tally.result;
}

/** The groups that share in one interval; blanks take part with nothing. */
function groupsOf(report: EdaReport, interval: number, groupOf: GroupOf): SharedGroup[] {
  const startMs = report.intervals[interval]?.startMs ?? 0;
  const groups = new Map<string, SharedGroup>();
  const group = (id: string): SharedGroup => {
    const name = groupOf(id, startMs);
    const known = groups.get(name) ?? { name, consumers: [], producers: [], consumedMwh: 0, producedMwh: 0 };
    groups.set(name, known);
    return known;
  };
  for (const [at, { id, consumed }] of report.consumers.entries()) {
    const mwh = consumed[interval] ?? null;
    const own = group(id);
    own.consumers.push({ id, at, mwh });
    own.consumedMwh += mwh ?? 0;
  }
  for (const [at, { id, generated }] of report.producers.entries()) {
    const mwh = generated[interval] ?? null;
    const own = group(id);
    own.producers.push({ id, at, mwh });
    own.producedMwh += mwh ?? 0;
  }
  return [...groups.values()];
}

function factsOf(report: EdaReport): ReportFacts {
  const firstValue = (column: readonly (Mwh | null)[]): number => column.findIndex((value) => value !== null);
  return {
    lastJoining: Math.max(0, ...report.consumers.map((consumer) => firstValue(consumer.consumed))),
    silentConsumers: report.silentConsumers.length,
  };
}

const zeros = (): Record<CellKind, number> => ({ offered: 0, covered: 0, surplus: 0 });

function createTally(named: { name: string; meaning: string }[]) {
  const cells = Object.fromEntries(
    CELL_KINDS.map((kind) => [kind, { compared: 0, same: 0, withinOne: 0, differ: 0 }]),
  ) as Record<CellKind, CellCount>;
  const causes: CauseCount[] = named.map((cause) => ({ ...cause, explains: zeros(), holds: 0, holdsAndDiffers: 0 }));
  const unexplained = zeros();
  const examples: string[] = [];
  let unexplainedMaxMwh = 0;
  return {
    add(
      cell: Cell,
      { ours, theirs, start }: { ours: Mwh; theirs: Mwh; start: string },
      holds: readonly boolean[],
    ): void {
      const gap = Math.abs(ours - theirs);
      const isDifferent = gap > AGREE_WITHIN_MWH;
      const count = cells[cell.kind];
      count.compared += 1;
      count[gap === 0 ? 'same' : isDifferent ? 'differ' : 'withinOne'] += 1;
      for (const [c, cause] of causes.entries()) {
        if (!holds[c]) continue;
        cause.holds += 1;
        if (isDifferent) cause.holdsAndDiffers += 1;
      }
      if (!isDifferent) return;
      const first = causes[holds.indexOf(true)];
      if (first) first.explains[cell.kind] += 1;
      else {
        unexplained[cell.kind] += 1;
        unexplainedMaxMwh = Math.max(unexplainedMaxMwh, gap);
        if (examples.length < EXAMPLES_MAX)
          examples.push(`${start} ${cell.id} ${cell.kind}: ours ${ours} mWh, operator ${theirs} mWh`);
      }
    },
    get result(): Comparison {
      return { cells, causes, unexplained, unexplainedMaxMwh, examples };
    },
  };
}
