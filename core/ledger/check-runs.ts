/** The runs of a bundle, worked out again: fingerprints, every share, and the entries they must have posted. */
import { canonicalJson } from '../canonical-json.ts';
import {
  dayHash,
  type InputRow,
  inputFault,
  inputsHash,
  intervalFault,
  type LineTotal,
  type PeriodHeader,
  type PeriodTally,
  periodEntries,
  type ResultRow,
  resultsHash,
  tallyPeriod,
} from '../settlement/index.ts';
import type { BundleLine } from './bundle.ts';
import { countRow, type IntervalCounts, noIntervals, sumCounts } from './count-intervals.ts';
import { entryId, type Sha256 } from './entry.ts';

/** Thrown while checking, caught by the checker: the line at fault and why. */
export class BundleFault extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.name = 'BundleFault';
    this.line = line;
  }
}

type Numbered<T> = { readonly line: number; readonly row: T };
type Run = BundleLine<'run'>['run'];
type OpenRun = {
  readonly run: Run;
  readonly line: number;
  readonly tally: PeriodTally;
  readonly days: { day: string; inputs: string; results: string }[];
  /** Start of the newest interval shared again. */
  lastMs: number;
  readonly counts: IntervalCounts;
};
type OpenDay = {
  readonly line: number;
  readonly day: BundleLine<'day'>;
  readonly inputs: Numbered<InputRow>[];
  readonly results: Numbered<ResultRow>[];
};

export type RunCheck = {
  readonly beginRun: (run: Run, line: number) => void;
  readonly beginDay: (day: BundleLine<'day'>, line: number) => void;
  readonly row: (row: InputRow | ResultRow, line: number) => void;
  /** Ends the last run; the canonical entries that all runs must have posted, by id. */
  readonly finish: () => ReadonlyMap<string, string>;
  readonly count: () => number;
  /** How the values came about, of the newest version of every month. */
  readonly intervals: () => IntervalCounts;
};

export function createRunCheck(community: string, sha256: Sha256): RunCheck {
  const expected = new Map<string, string>();
  const settled = new Map<string, { version: number; header: PeriodHeader; totals: LineTotal[] }>();
  const countsOf = new Map<string, IntervalCounts>();
  let openRun: OpenRun | null = null;
  let openDay: OpenDay | null = null;
  let runs = 0;

  const endDay = () => {
    if (openRun !== null && openDay !== null) openRun.days.push(checkDay(openRun, openDay, sha256));
    openDay = null;
  };
  const endRun = () => {
    endDay();
    if (openRun === null) return;
    const { run, line, tally, days } = openRun;
    checkFingerprints(openRun, sha256);
    const before = settled.get(run.header.month) ?? null;
    if (run.version !== (before?.version ?? 0) + 1)
      throw new BundleFault(line, 'the versions of a month do not follow each other');
    const totals = tally.totals();
    for (const entry of periodEntries(run, { header: run.header, totals, before }, sha256)) {
      expected.set(entry.id, canonicalJson(entry));
    }
    if (days.length > 0) settled.set(run.header.month, { version: run.version, header: run.header, totals });
    countsOf.set(run.header.month, openRun.counts);
    openRun = null;
    runs++;
  };
  return {
    beginRun: (run, line) => {
      endRun();
      if (run.header.community !== community) throw new BundleFault(line, 'the run is of another community');
      const before = { lastMs: Number.NEGATIVE_INFINITY, counts: noIntervals() };
      openRun = { run, line, tally: tallyPeriod(run.header), days: [], ...before };
    },
    beginDay: (day, line) => {
      endDay();
      if (openRun === null) throw new BundleFault(line, 'a day stands outside a run');
      openDay = { line, day, inputs: [], results: [] };
    },
    row: (row, line) => {
      if (openDay === null) throw new BundleFault(line, 'a row stands outside a day');
      if (row.length === 7) openDay.results.push({ line, row });
      else openDay.inputs.push({ line, row });
    },
    finish: () => {
      endRun();
      return expected;
    },
    count: () => runs,
    intervals: () => sumCounts(countsOf.values()),
  };
}

/** Shares the day again from its inputs; the first row that differs is named. */
function checkDay(open: OpenRun, { day, line, inputs, results }: OpenDay, sha256: Sha256) {
  if (inputs.length !== day.inputs || results.length !== day.results) {
    throw new BundleFault(line, `${day.day} announces other numbers of rows than it has`);
  }
  for (const { row, line: at } of inputs) {
    const fault = inputFault(open.run.header, row);
    if (fault !== null) throw new BundleFault(at, `the measurement ${fault}`);
    countRow(open.counts, row);
  }
  let next = 0;
  for (const [startMs, interval] of Map.groupBy(inputs, ({ row }) => row[2])) {
    refuseTwins(interval);
    const at = interval[0]?.line ?? line;
    // What a storage holds follows from the intervals before: they have one order.
    if (startMs <= open.lastMs) throw new BundleFault(at, 'the interval does not follow the one before it');
    open.lastMs = startMs;
    const fault = intervalFault(
      open.run.header,
      interval.map(({ row }) => row),
    );
    if (fault !== null) throw new BundleFault(at, `the interval ${fault}`);
    for (const result of open.tally.settle(interval.map(({ row }) => row))) {
      const stated = results[next++];
      if (stated === undefined) throw new BundleFault(line, `${day.day} lacks the result ${canonicalJson(result)}`);
      if (canonicalJson(stated.row) !== canonicalJson(result)) {
        throw new BundleFault(
          stated.line,
          `the share is ${canonicalJson(stated.row)}, worked out again it is ${canonicalJson(result)}`,
        );
      }
    }
  }
  const surplus = results[next];
  if (surplus !== undefined) throw new BundleFault(surplus.line, 'no measurement explains this share');
  return {
    day: day.day,
    inputs: dayHash(
      inputs.map(({ row }) => row),
      sha256,
    ),
    results: dayHash(
      results.map(({ row }) => row),
      sha256,
    ),
  };
}

/** A register has one value in an interval. */
function refuseTwins(interval: readonly Numbered<InputRow>[]): void {
  const seen = new Set<string>();
  for (const { row, line } of interval) {
    const register = `${row[0]}/${row[1]}`;
    if (seen.has(register)) throw new BundleFault(line, 'the register has a measurement for this interval already');
    seen.add(register);
  }
}

function checkFingerprints({ run, line, days }: OpenRun, sha256: Sha256): void {
  const inputs = inputsHash(
    run.header,
    days.map(({ day, inputs: hash }) => ({ day, hash })),
    sha256,
  );
  if (inputs !== run.inputsHash)
    throw new BundleFault(line, `the frozen inputs of ${run.header.month} have another fingerprint`);
  const results = resultsHash(
    days.map(({ day, results: hash }) => ({ day, hash })),
    sha256,
  );
  if (results !== run.resultsHash)
    throw new BundleFault(line, `the results of ${run.header.month} have another fingerprint`);
  const id = entryId(['run', run.header.community, run.header.month, run.version, run.inputsHash], sha256);
  if (id !== run.id) throw new BundleFault(line, 'the id of the run does not follow from its content');
}
