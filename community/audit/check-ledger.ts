/** The ledger: entries in balance, nothing posted twice, and one unbroken chain. A thousand entries a slice. */
import {
  auditKey,
  type Check,
  FAULTS_PER_SLICE_MAX,
  type Fault,
  justAfter,
  keyParts,
  lastSlice,
  type Position,
  type Slice,
} from '@commonworks/core/audit/index.ts';
import { entryFault, GENESIS_HASH, type LedgerEntry, linkHash } from '@commonworks/core/ledger/index.ts';
import type { Db } from '../database.ts';
import { sha256 } from '../ledger/sha256.ts';
import { matterFaults } from './entry-matter.ts';
import type { Looking } from './looking.ts';

const ENTRIES_MAX = 1000;

type Row = { readonly position: number; readonly body: string; readonly previous: string; readonly hash: string } & {
  readonly id: string;
};

export function createLedgerChecks({ inOneMoment }: Looking, every: { roundMs: number; growthMs: number }): Check[] {
  const check = (name: string, invariant: Check['invariant'], look: (db: Db, from: Position) => Promise<Slice>) => {
    const everyMs = name === 'chain-growth' ? every.growthMs : every.roundMs;
    return { name, invariant, everyMs, look: (from: Position) => inOneMoment((db) => look(db, from)) };
  };
  return [
    check('chain-growth', 'chain', lookAtGrowth),
    check('chain', 'chain', lookAtChain),
    check('balance', 'balance', lookAtBalance),
    check('posted-once', 'posted-once', lookAtMatters),
  ];
}

async function entriesAfter(db: Db, position: number): Promise<Row[]> {
  return await db
    .selectFrom('ledger_entry')
    .select(['position', 'id', 'body', 'previous', 'hash'])
    .where('position', '>', position)
    .orderBy('position')
    .limit(ENTRIES_MAX)
    .execute();
}

const positionOf = ({ after }: Position): number => keyParts(after)[0] ?? 0;

/** `memo` is the hash of the newest entry that was found right: a chain written anew as a whole does not have it. */
async function lookAtGrowth(db: Db, from: Position): Promise<Slice> {
  const position = positionOf(from);
  const stay = { next: from, isRound: true, checked: 0 } as const;
  if (position > 0) {
    const known = await db
      .selectFrom('ledger_entry')
      .select('hash')
      .where('position', '=', position)
      .executeTakeFirst();
    if (known?.hash !== from.memo) {
      const what = known === undefined ? 'is gone' : 'is another now';
      const message = `entry ${position} was right when it was last looked at, and ${what}`;
      return { ...stay, faults: [{ at: justAfter(from.after), subject: `entry ${position}`, message }] };
    }
  }
  const rows = await entriesAfter(db, position);
  const { faults, right } = walkChain(rows, { position, hash: from.memo || GENESIS_HASH });
  const next = right.position === 0 ? from : { after: auditKey(right.position), memo: right.hash };
  const isOver = faults.length > 0 || rows.length < ENTRIES_MAX;
  return { next, isRound: isOver, checked: right.position - position, faults: faults.slice(0, 1) };
}

async function lookAtChain(db: Db, from: Position): Promise<Slice> {
  const position = positionOf(from);
  const rows = await entriesAfter(db, position);
  const { faults } = walkChain(rows, { position, hash: from.memo || GENESIS_HASH });
  return sliceOf(rows, faults, (last) => last.hash);
}

type Link = { readonly position: number; readonly hash: string };

/** After a fault it goes on from what stands there, so that each is found. `right`: the last before the first fault. */
function walkChain(rows: readonly Row[], from: Link): { faults: Fault[]; right: Link } {
  const faults: Fault[] = [];
  let [last, right] = [from, from];
  for (const row of rows) {
    const { position, previous, hash } = row;
    const isNext = position === last.position + 1 && previous === last.hash;
    const isOwn = linkHash(row, sha256) === hash;
    if (!isNext || !isOwn) {
      const message = isOwn
        ? `entry ${position} does not follow entry ${last.position}: something between them was changed, cut out or slipped in`
        : `entry ${position} is not what it was when it was posted`;
      faults.push({ at: auditKey(position), subject: `entry ${position}`, message });
    }
    last = { position, hash };
    if (faults.length === 0) right = last;
  }
  return { faults, right };
}

type Sums = Record<string, string>;

/** `memo`: the sums of all postings so far, by unit. */
async function lookAtBalance(db: Db, from: Position): Promise<Slice> {
  const position = positionOf(from);
  const rows = await entriesAfter(db, position);
  const isLast = rows.length < ENTRIES_MAX;
  const toPosition = isLast ? Number.MAX_SAFE_INTEGER : (rows.at(-1)?.position ?? 0);
  const postings = Map.groupBy(await postingsOver(db, position, toPosition), (posting) => posting.position);
  const faults: Fault[] = [];
  const fault = (at: number, message: string) =>
    faults.push({ at: auditKey(at), subject: `entry ${at}`, message: `entry ${at}: ${message}` });
  for (const { position: at, body } of rows) {
    const own = (postings.get(at) ?? []).map(({ account, unit, amount }) => ({ account, unit, amount }));
    postings.delete(at);
    const message = balanceFault(body, own);
    if (message !== null) fault(at, message);
  }
  for (const at of postings.keys()) fault(at, 'amounts are booked under it, and there is no such entry');
  const sums = addSums(from.memo, await sumsOver(db, position, toPosition));
  if (!isLast) return sliceOf(rows, faults, () => JSON.stringify(sums));
  for (const [unit, sum] of Object.entries(sums)) {
    if (sum === '0') continue;
    const subject = `the whole ledger in ${unit}`;
    faults.push({ at: justAfter(from.after), subject, message: `all postings in ${unit} sum to ${sum}, not to zero` });
  }
  return lastSlice(rows.length, faults.slice(0, FAULTS_PER_SLICE_MAX));
}

async function postingsOver(db: Db, after: number, to: number) {
  return await db
    .selectFrom('ledger_posting')
    .selectAll()
    .where('position', '>', after)
    .where('position', '<=', to)
    .orderBy('position')
    .orderBy('line')
    .execute();
}

async function sumsOver(db: Db, after: number, to: number): Promise<{ unit: string; sum: number }[]> {
  return await db
    .selectFrom('ledger_posting')
    .select((of) => ['unit', of.fn.sum<number>('amount').as('sum')])
    .where('position', '>', after)
    .where('position', '<=', to)
    .groupBy('unit')
    .execute();
}

function addSums(memo: string, more: readonly { unit: string; sum: number }[]): Sums {
  const sums: Sums = memo === '' ? {} : (JSON.parse(memo) as Sums);
  for (const { unit, sum } of more) sums[unit] = String(BigInt(sums[unit] ?? '0') + BigInt(sum));
  return sums;
}

/** The table from which balances are summed says what the entry says, and both are in balance. */
function balanceFault(body: string, stored: LedgerEntry['postings']): string | null {
  const entry = entryOf(body);
  if (entry === null) return 'it cannot be read';
  const unbalanced = entryFault({ ...entry, postings: stored });
  if (unbalanced !== null) return `debits and credits differ: ${unbalanced}`;
  const stated = entry.postings.map(({ account, unit, amount }) => ({ account, unit, amount }));
  return JSON.stringify(stated) === JSON.stringify(stored) ? null : 'other amounts are booked than it states';
}

export function entryOf(body: string): LedgerEntry | null {
  try {
    return JSON.parse(body) as LedgerEntry;
  } catch {
    return null;
  }
}

async function lookAtMatters(db: Db, from: Position): Promise<Slice> {
  const rows = await entriesAfter(db, positionOf(from));
  const entries = rows.flatMap(({ position, id, body }) => {
    const entry = entryOf(body);
    return entry === null ? [] : [{ position, id, entry }];
  });
  const faults = (await matterFaults(db, entries)).map(({ position, message }) => {
    return { at: auditKey(position), subject: `entry ${position}`, message: `entry ${position}: ${message}` };
  });
  return sliceOf(rows, faults, () => '');
}

function sliceOf(rows: readonly Row[], faults: readonly Fault[], memo: (last: Row) => string): Slice {
  const last = rows.at(-1);
  const some = faults.slice(0, FAULTS_PER_SLICE_MAX);
  if (last === undefined || rows.length < ENTRIES_MAX) return lastSlice(rows.length, some);
  const next = { after: auditKey(last.position), memo: memo(last) };
  return { next, isRound: false, checked: rows.length, faults: some };
}
