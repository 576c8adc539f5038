/** Whether closed months are still what was frozen: every share adds up, and the fingerprints hold. A day of a run a slice. */
import {
  auditKey,
  type Check,
  FAULTS_PER_SLICE_MAX,
  type Fault,
  keyParts,
  lastSlice,
  type Slice,
} from '@commonworks/core/audit/index.ts';
import {
  dayHash,
  INPUT,
  type InputRow,
  inputsHash,
  type PeriodHeader,
  type ResultRow,
  resultsHash,
} from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { sha256 } from '../ledger/sha256.ts';
import { unpackRows } from '../settlement/codec.ts';
import type { SettlementTables } from '../settlement/schema.ts';
import type { Looking } from './looking.ts';

/** Of a run, up to the day before: what its end is judged by. */
type Memo = {
  readonly hashes: readonly [day: string, inputs: string, results: string][];
  readonly allocatedMwh: number;
};
const NOTHING: Memo = { hashes: [], allocatedMwh: 0 };
/** After every day of a month. */
const END_OF_RUN = 99;

type Run = SettlementTables['settlement_run'];

export function createFrozenCheck({ inOneMoment }: Looking, everyMs: number): Check {
  return {
    name: 'frozen',
    invariant: 'shares',
    everyMs,
    look: ({ after, memo }) =>
      inOneMoment((db) => look(db, keyParts(after), memo === '' ? NOTHING : (JSON.parse(memo) as Memo))),
  };
}

/** `done`: the number of the run, and of its day that was looked at last; runs are only ever added. */
async function look(db: Db, done: readonly number[], memo: Memo): Promise<Slice> {
  const [runNo = 0, day = END_OF_RUN] = done;
  const isOver = day === END_OF_RUN;
  const at = { runNo: isOver ? runNo + 1 : runNo, day: isOver ? 1 : day + 1 };
  const run = await db
    .selectFrom('settlement_run')
    .selectAll()
    .orderBy('created_ms')
    .orderBy('version')
    .orderBy('id')
    .limit(1)
    .offset(at.runNo - 1)
    .executeTakeFirst();
  if (run === undefined) return lastSlice(0, []);
  const row = await db
    .selectFrom('settlement_day')
    .selectAll()
    .where('run', '=', run.id)
    .orderBy('day')
    .limit(1)
    .offset(at.day - 1)
    .executeTakeFirst();
  if (row === undefined) return endRun(run, auditKey(at.runNo, END_OF_RUN), isOver ? NOTHING : memo);
  return lookAtDay(run, { ...row, at: auditKey(at.runNo, at.day) }, isOver ? NOTHING : memo);
}

type Day = SettlementTables['settlement_day'] & { readonly at: string };

function lookAtDay(run: Run, { at, day, ...packed }: Day, memo: Memo): Slice {
  const inputs = unpackRows<InputRow>(packed.inputs);
  const results = unpackRows<ResultRow>(packed.results);
  const resultsOf = Map.groupBy(results, (row) => row[2]);
  const faults: Fault[] = [];
  let allocatedMwh = memo.allocatedMwh;
  const byStart = Map.groupBy(inputs, (row) => row[INPUT.startMs]);
  for (const [start, rows] of byStart) {
    const own = resultsOf.get(start) ?? [];
    for (const [, direction, , , allocated] of own) if (direction === 1) allocatedMwh += allocated;
    const message = own.length === 0 ? null : frozenFault(rows, own);
    if (message === null || faults.length >= FAULTS_PER_SLICE_MAX) continue;
    const subject = `${day}, version ${run.version}, quarter hour from ${new Date(start).toISOString()}`;
    faults.push({ at, subject, message, month: run.month });
  }
  const hashes = [...memo.hashes, [day, dayHash(inputs, sha256), dayHash(results, sha256)] as const];
  const next = { after: at, memo: JSON.stringify({ hashes, allocatedMwh }) };
  return { next, isRound: false, checked: byStart.size, faults };
}

function frozenFault(inputs: readonly InputRow[], results: readonly ResultRow[]): string | null {
  const shares = new Map(results.map((row) => [`${row[0]}/${row[1]}`, row]));
  let [taken, given] = [0, 0];
  for (const row of inputs) {
    const energy = row[INPUT.energyMwh];
    if (energy === null) continue;
    const [, direction, , , allocated = -1, rest = 0] = shares.get(`${row[0]}/${row[1]}`) ?? [];
    if (allocated < 0 || rest < 0 || allocated + rest !== energy) return 'a frozen share is not what was measured';
    if (direction === 0) taken += allocated;
    else given += allocated;
  }
  return taken === given ? null : 'the frozen shares of those who took are not those of who gave';
}

function endRun(run: Run, at: string, { hashes, allocatedMwh }: Memo): Slice {
  const header = JSON.parse(run.header) as PeriodHeader;
  const of = (place: 1 | 2) => hashes.map((row) => ({ day: row[0], hash: row[place] }));
  const isSame =
    inputsHash(header, of(1), sha256) === run.inputs_hash && resultsHash(of(2), sha256) === run.results_hash;
  const isSummed = allocatedMwh === run.allocated_mwh && run.allocated_mwh + run.surplus_mwh === run.production_mwh;
  const subject = `${run.month}, version ${run.version}`;
  const faults: Fault[] = [];
  if (!isSame) faults.push({ at, subject, month: run.month, message: 'what was frozen has another fingerprint' });
  else if (!isSummed) faults.push({ at, subject, month: run.month, message: 'the sums are not those of its shares' });
  return { next: { after: at, memo: '' }, isRound: false, checked: 0, faults };
}
