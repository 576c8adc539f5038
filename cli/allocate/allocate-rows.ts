/** Allocates a file's rows interval by interval; results stand in the order of the rows. */
import type { Mwh } from '@commonworks/core';
import { type AllocationMethod, allocateInterval } from '@commonworks/core/allocation/index.ts';
import { createProgress } from '../tables/progress.ts';
import { createRowFaults, type RowFaults } from '../tables/row-faults.ts';
import { type IntervalRows, ROLES } from './interval-rows.ts';

export type AllocateOptions = {
  readonly file: string;
  readonly method: AllocationMethod;
  readonly keyVersion: string;
  /** `refuse`: a participant without a row in an interval is a fault. `exclude`: that interval is shared without it. */
  readonly missing: 'refuse' | 'exclude';
  /** For `fixed`: millionths by participant. */
  readonly weights?: ReadonlyMap<string, number>;
};

export type AllocatedRows = {
  readonly offered: Float64Array;
  readonly allocated: Float64Array;
  readonly residual: Float64Array;
  readonly surplus: Float64Array;
  readonly totals: Totals;
};

export type Totals = {
  rows: number;
  intervals: number;
  consumers: number;
  producers: number;
  /** Rows that would stand in a complete file and do not. */
  missingRows: number;
  producedMwh: Mwh;
  consumedMwh: Mwh;
  allocatedMwh: Mwh;
  surplusMwh: Mwh;
};

/** @throws CodedError `cli.intervals-invalid` for duplicates, missing rows and consumers without weight. */
export function allocateRows(rows: IntervalRows, options: AllocateOptions): AllocatedRows {
  const order = orderByStart(rows);
  const faults = createRowFaults();
  const cast = castOf(rows);
  if (options.weights) judgeWeights(rows, cast, { weights: options.weights, faults });
  const totals = judgeIntervals(rows, order, { cast, faults, isMissingAllowed: options.missing === 'exclude' });
  faults.throwIfAny('cli.intervals-invalid', options.file);
  const size = rows.mwh.length;
  const result: AllocatedRows = {
    offered: new Float64Array(size),
    allocated: new Float64Array(size),
    residual: new Float64Array(size),
    surplus: new Float64Array(size),
    totals,
  };
  const progress = createProgress('intervals allocated');
  let intervals = 0;
  for (const [from, to] of intervalsOf(rows, order)) {
    shareInterval(rows, order.subarray(from, to), { options, result });
    intervals += 1;
    progress(intervals);
  }
  return result;
}

/** Row positions by start; stable, and free when the file is in order, as most are. */
function orderByStart(rows: IntervalRows): Uint32Array {
  const order = Uint32Array.from(rows.startsMs, (_, i) => i);
  const isSorted = rows.startsMs.every((ms, i) => i === 0 || ms >= (rows.startsMs[i - 1] as number));
  return isSorted ? order : order.sort((a, b) => (rows.startsMs[a] as number) - (rows.startsMs[b] as number) || a - b);
}

function* intervalsOf(rows: IntervalRows, order: Uint32Array): Generator<[number, number]> {
  let from = 0;
  for (let to = 1; to <= order.length; to++) {
    if (to < order.length && rows.startsMs[order[to] as number] === rows.startsMs[order[from] as number]) continue;
    yield [from, to];
    from = to;
  }
}

/** Every (participant, role) of the file, as `2 x participant + role`. */
function castOf(rows: IntervalRows): number[] {
  const cast = new Set<number>();
  for (let i = 0; i < rows.mwh.length; i++) cast.add(2 * (rows.participants[i] as number) + (rows.roles[i] as number));
  return [...cast];
}

type Judging = { readonly cast: readonly number[]; readonly faults: RowFaults; readonly isMissingAllowed: boolean };

/** Looks for duplicates and missing rows in every interval, and adds up what was measured. */
function judgeIntervals(rows: IntervalRows, order: Uint32Array, { cast, faults, isMissingAllowed }: Judging): Totals {
  const isConsumer = (key: number): boolean => key % 2 === 0;
  const consumers = cast.filter(isConsumer).length;
  const totals: Totals = {
    rows: rows.mwh.length,
    intervals: 0,
    consumers,
    producers: cast.length - consumers,
    missingRows: 0,
    producedMwh: 0,
    consumedMwh: 0,
    allocatedMwh: 0,
    surplusMwh: 0,
  };
  const lastLine = new Map<number, number>();
  for (const [from, to] of intervalsOf(rows, order)) {
    lastLine.clear();
    totals.intervals += 1;
    for (let k = from; k < to; k++) {
      const row = order[k] as number;
      const key = 2 * (rows.participants[row] as number) + (rows.roles[row] as number);
      const line = rows.lines[row] as number;
      const earlier = lastLine.get(key);
      if (earlier !== undefined)
        faults.add(line, `the same start, participant and role as line ${earlier} (${describe(rows, row, key)})`);
      lastLine.set(key, line);
    }
    totals.missingRows += cast.length - lastLine.size;
    if (isMissingAllowed || lastLine.size === cast.length) continue;
    for (const key of cast)
      if (!lastLine.has(key)) faults.add(null, `no row for ${describe(rows, order[from] as number, key)}`);
  }
  return totals;
}

function describe(rows: IntervalRows, row: number, key: number): string {
  return `${rows.starts[row]}, ${rows.names[Math.floor(key / 2)]}, ${ROLES[key % 2]}`;
}

function judgeWeights(
  rows: IntervalRows,
  cast: readonly number[],
  given: { weights: ReadonlyMap<string, number>; faults: RowFaults },
): void {
  for (const key of cast) {
    const name = rows.names[key / 2];
    if (name !== undefined && !given.weights.has(name)) given.faults.add(null, `consumer ${name} has no weight`);
  }
}

function shareInterval(
  rows: IntervalRows,
  at: Uint32Array,
  run: { options: AllocateOptions; result: AllocatedRows },
): void {
  const { method, keyVersion, weights } = run.options;
  const { offered, allocated, residual, surplus, totals } = run.result;
  const consumerRows = at.filter((row) => rows.roles[row] === 0);
  const producerRows = at.filter((row) => rows.roles[row] === 1);
  const member = (row: number) => ({
    id: rows.names[rows.participants[row] as number] as string,
    mwh: rows.mwh[row] as number,
  });
  const consumers = Array.from(consumerRows, (row) => ({ ...member(row), weight: weights?.get(member(row).id) ?? 0 }));
  // A fixed share belongs to its holder also while its meter is silent: unclaimed, it is surplus and nobody else's gain.
  const present = new Set(consumers.map((consumer) => consumer.id));
  const silent = [...(weights ?? [])]
    .filter(([id]) => !present.has(id))
    .map(([id, weight]) => ({ id, mwh: 0, weight }));
  const share = allocateInterval({
    startMs: rows.startsMs[at[0] as number] as number,
    keyVersion,
    method,
    consumers: [...consumers, ...silent],
    producers: Array.from(producerRows, member),
  });
  for (const [k, row] of consumerRows.entries()) {
    const consumer = share.consumers[k];
    offered[row] = consumer?.offeredMwh ?? 0;
    allocated[row] = consumer?.allocatedMwh ?? 0;
    residual[row] = consumer?.residualMwh ?? 0;
  }
  for (const [k, row] of producerRows.entries()) {
    allocated[row] = share.producers[k]?.usedMwh ?? 0;
    surplus[row] = share.producers[k]?.surplusMwh ?? 0;
  }
  totals.producedMwh += share.producedMwh;
  totals.consumedMwh += share.consumedMwh;
  totals.allocatedMwh += share.allocatedMwh;
  totals.surplusMwh += share.surplusMwh;
}
