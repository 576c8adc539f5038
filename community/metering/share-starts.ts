/**
 * The provisional share of every interval that changed: what members see before the month is settled. What a storage
 * holds ties an interval to those before it, so a change is followed until every stock is what it was known to be.
 */
import { QUARTER_HOUR_MS, type Span } from '@commonworks/core';
import { type SettledInterval, type SharingRules, settleInterval } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { type Measured, measuredOver, measuredParts } from './measured-parts.ts';
import { loadRules, type Rules, sharingRules } from './rules.ts';
import type { IntervalShareRow, MeteringTables, StorageStateRow } from './schema.ts';
import { dropUnmeasured, writeShares, writeTotals } from './share-rows.ts';
import {
  dropState,
  heldBefore,
  heldOf,
  holdsSame,
  nextStorageStart,
  stateRow,
  statesOver,
  writeStates,
} from './storage-states.ts';

/** Intervals further apart than this are read on their own. */
const RUN_GAP_MS = 86_400_000;
/** Followers of a change are read this far at a time. */
const FOLLOW_MS = 24 * QUARTER_HOUR_MS;
/** Followers shared in one transaction; further ones are asked for in `derive_request`. */
const FOLLOWERS_MAX = 400;

export type Shared = {
  /** Starts of all intervals shared, ascending. */
  readonly starts: readonly number[];
  /** The request that asks for the followers that were left, if any. */
  readonly request: number | null;
};

/** @param options.untilMs followers from there on are left to whoever shares them anyway. */
export async function shareStarts(
  tx: Db,
  starts: Iterable<number>,
  { untilMs = Number.POSITIVE_INFINITY }: { readonly untilMs?: number | undefined } = {},
): Promise<Shared> {
  let pending = [...new Set(starts)].sort((a, b) => a - b);
  const shared: number[] = [];
  /** Storages whose stock is another than the intervals after were shared with, and the next interval that matters to. */
  let changed: ReadonlySet<number> = new Set();
  let follower: number | null = null;
  let followed = 0;
  let request: number | null = null;
  while (pending.length > 0 || follower !== null) {
    const isFollowing: boolean = follower !== null && follower < (pending[0] ?? Number.POSITIVE_INFINITY);
    if (follower !== null && isFollowing && (followed >= FOLLOWERS_MAX || follower >= untilMs)) {
      request = await askFor(tx, follower);
      changed = new Set();
      follower = null;
      continue;
    }
    const span: Span = follower !== null && isFollowing ? followersFrom(follower) : runOf(pending);
    const due = pending.filter((start) => start < span.toMs);
    pending = pending.slice(due.length);
    const run = await shareRun(tx, span, { due: new Set(due), changed });
    shared.push(...run.starts);
    followed += run.starts.length - due.length;
    // One request covers all that comes after it.
    changed = request === null ? run.changed : new Set();
    follower = changed.size === 0 ? null : await nextStorageStart(tx, [...changed], span.toMs);
  }
  return { starts: shared, request };
}

const followersFrom = (fromMs: number): Span => ({ fromMs, toMs: fromMs + FOLLOW_MS });

async function askFor(tx: Db, fromMs: number): Promise<number> {
  const { no } = await tx
    .insertInto('derive_request')
    .values({ point_no: null, from_ms: fromMs, to_ms: null })
    .returning('no')
    .executeTakeFirstOrThrow();
  return no;
}

function runOf(pending: readonly number[]): Span {
  const fromMs = pending[0] ?? 0;
  let last = fromMs;
  for (const start of pending) {
    if (start - last > RUN_GAP_MS) break;
    last = start;
  }
  return { fromMs, toMs: last + QUARTER_HOUR_MS };
}

type Work = { readonly due: ReadonlySet<number>; readonly changed: ReadonlySet<number> };
type Made = {
  readonly shares: IntervalShareRow[];
  readonly totals: MeteringTables['interval_total'][];
  readonly states: Map<string, StorageStateRow>;
};

/** Shares what is due in the span, and what follows from a stock that changed. */
async function shareRun(tx: Db, span: Span, work: Work): Promise<{ starts: number[]; changed: ReadonlySet<number> }> {
  const rules = await loadRules(tx, span);
  const sharing = sharingRules(rules);
  const storage = rules.points.flatMap((point) => (point.role === 'storage' ? [point.no] : []));
  const rows = await measuredOver(tx, span);
  const byStart = Map.groupBy(rows, (row) => row.start_ms);
  const stored = new Map((await statesOver(tx, storage, span)).map((row) => [keyOf(row), row]));
  const held = await heldBefore(tx, storage, span.fromMs);
  const changed = new Set(work.changed);
  const starts: number[] = [];
  const made: Made = { shares: [], totals: [], states: new Map() };
  for (let start = span.fromMs; start < span.toMs; start += QUARTER_HOUR_MS) {
    const measured = byStart.get(start) ?? [];
    const matters = (no: number) =>
      stored.has(keyOf({ point_no: no, start_ms: start })) || measured.some((row) => row.point_no === no);
    let settled: SettledInterval | null = null;
    const isShared = work.due.has(start) || [...changed].some(matters);
    if (isShared) {
      settled = shareOne({ rules, sharing }, { start, rows: measured, held }, made);
      starts.push(start);
    }
    for (const no of storage) {
      const key = keyOf({ point_no: no, start_ms: start });
      const before = stored.get(key);
      const now = isShared ? stateNow(rules, settled, { no, start }) : before;
      if (now !== undefined) held.set(no, heldOf(now));
      if (!isShared || (before === undefined && now === undefined)) continue;
      if (before !== undefined && now !== undefined && holdsSame(before, now)) changed.delete(no);
      else changed.add(no);
      if (now === undefined) await dropState(tx, { point_no: no, start_ms: start });
      else made.states.set(key, now);
    }
  }
  await writeShares(tx, made.shares);
  await writeTotals(tx, made.totals);
  await writeStates(tx, [...made.states.values()]);
  await dropUnmeasured(
    tx,
    starts.flatMap((start) => (byStart.get(start) ?? []).filter((row) => row.energy_mwh === null)),
  );
  return { starts, changed };
}

const keyOf = ({ point_no, start_ms }: Pick<StorageStateRow, 'point_no' | 'start_ms'>) => `${point_no}/${start_ms}`;

function stateNow(
  rules: Rules,
  settled: SettledInterval | null,
  at: { no: number; start: number },
): StorageStateRow | undefined {
  const point = rules.points.find(({ no }) => no === at.no);
  const flow = settled?.storage.get(point?.id ?? '');
  return flow === undefined ? undefined : stateRow(at.no, at.start, flow);
}

function shareOne(
  of: { rules: Rules; sharing: SharingRules },
  at: { start: number; rows: readonly Measured[]; held: Awaited<ReturnType<typeof heldBefore>> },
  into: Made,
): SettledInterval | null {
  const { parts, expected, numberOf } = measuredParts(of.rules.points, at);
  const stocks = new Map(
    of.rules.points.flatMap((point) => {
      const held = at.held.get(point.no);
      return held === undefined ? [] : [[point.id, held] as const];
    }),
  );
  const settled = settleInterval(of.sharing, { startMs: at.start, endMs: at.start + QUARTER_HOUR_MS, parts }, stocks);
  if (settled === null) return null;
  const { rule, shares } = settled;
  const total = { production_mwh: 0, consumption_mwh: 0, allocated_mwh: 0 };
  for (const share of shares) {
    const energy = share.allocatedMwh + share.restMwh;
    const stored = settled.storage.get(share.id);
    if (share.direction === 1) total.production_mwh += energy - (stored?.givenGridMwh ?? 0);
    else {
      total.consumption_mwh += energy;
      total.allocated_mwh += share.allocatedMwh;
    }
    into.shares.push({
      point_no: numberOf.get(share.id) ?? 0,
      direction: share.direction,
      start_ms: at.start,
      energy_mwh: energy,
      offered_mwh: share.offeredMwh,
      allocated_mwh: share.allocatedMwh,
      rest_mwh: share.restMwh,
      rounding_micro: share.roundingMicroMwh,
    });
  }
  into.totals.push({ start_ms: at.start, tariff: rule.keyVersion, ...total, expected, complete: parts.length });
  return settled;
}
