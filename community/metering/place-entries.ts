/** From log entries to packs with times: placed by the rule everybody uses, kept while they wait, judged again later. */
import {
  ClockEvent,
  decodePack,
  encodePack,
  type HubMoment,
  type LogEntry,
  type Pack,
  placePack,
  type Receipt,
  receiptMs,
  type WaitsFor,
} from '@commonworks/core';
import { Value } from 'typebox/value';
import type { Db } from '../database.ts';
import type { LogRecord } from './log-listener.ts';

export const PENDING_LIMITS = {
  /** Packs kept here whole; of those beyond only the cursor, and they are read from the log again. */
  bodiesMax: 100_000,
  /** Refused packs that may be judged again when the hub's clock proves to have been wrong: the newest. */
  refusedMax: 10_000,
} as const;

/** `refused`: by a hub that was thought right; `fetch`: its clock is known, and it must be read from the log again. */
export type PendingReason = WaitsFor | 'refused' | 'fetch';

export type PlacePage = {
  readonly entries: readonly LogEntry[];
  /** The hub's clock now; absent: what it stamped was right. */
  readonly hub?: HubMoment | undefined;
  /** Packs that waited, with their bodies, to be judged again before the new ones. */
  readonly again?: readonly LogEntry[] | undefined;
};

/** A hub that never was in doubt: nothing it stamped is judged again. */
const STEADY: HubMoment = { nowMs: 0, isTrusted: true, boot: '', upMs: 0 };

/**
 * A pack in which something has no time yet waits whole, so that its edge's packs stay in order. One that cannot be
 * decoded was quarantined by the broker already and is passed over.
 */
export async function placeEntries(tx: Db, page: PlacePage): Promise<LogRecord[]> {
  const placing: Placing = { tx, hub: page.hub ?? STEADY, bodies: null };
  const records: LogRecord[] = [];
  for (const entry of page.again ?? []) records.push(...(await judgeAgain(placing, entry)));
  for (const entry of page.entries) {
    const pack = decodeOrNull(entry);
    if (pack === null) continue;
    records.push(...(await takeClocks(placing, pack)));
    const receipt = receiptOf(entry, placing.hub);
    const at = { receivedMs: entry.receivedMs, isHubTrusted: receipt.isTrusted };
    records.push(...(await judge(placing, { entry, pack, receipt }, at)));
  }
  return records;
}

/** `bodies`: how many packs are kept whole, counted once a page when it matters. */
type Placing = { readonly tx: Db; readonly hub: HubMoment; bodies: number | null };

/** A boot is its edge's own: no other edge may tell when it was. */
function bootOf(edge: string, boot: string): string {
  return `${edge}/${boot}`;
}

function decodeOrNull(entry: LogEntry): Pack | null {
  try {
    return decodePack(entry.body).pack;
  } catch {
    return null;
  }
}

/** Elapsed time up to now is counted back by the hub's clock, which goes as it did unless it was set since. */
function receiptOf(entry: LogEntry, hub: HubMoment): Receipt {
  const agoMs = Math.max(0, hub.nowMs - entry.receivedMs);
  const isTrusted = entry.isHubTrusted !== false;
  return { nowMs: entry.receivedMs, isTrusted, boot: hub.boot, upMs: Math.max(0, hub.upMs - agoMs) };
}

/** The clock of a boot may be told again with a better offset: what is placed stays. */
async function takeClocks(placing: Placing, pack: Pack): Promise<LogRecord[]> {
  const { tx } = placing;
  const released: LogRecord[] = [];
  for (const { type, body } of pack.events) {
    if (type !== 'clock' || !Value.Check(ClockEvent, body)) continue;
    const boot = bootOf(pack.edge, body.boot);
    const row = { boot, offset_ms: body.offsetMs };
    await tx
      .insertInto('boot_clock')
      .values(row)
      .onConflict((conflict) => conflict.column('boot').doUpdateSet({ offset_ms: body.offsetMs }))
      .execute();
    await tx
      .updateTable('pending_pack')
      .set({ reason: 'fetch' })
      .where('boot', '=', boot)
      .where('reason', '=', 'boot')
      .where('entry', '=', '')
      .execute();
    const rows = await tx
      .selectFrom('pending_pack')
      .select('entry')
      .where('boot', '=', boot)
      .where('reason', '=', 'boot')
      .orderBy('cursor')
      .execute();
    for (const { entry } of rows) released.push(...(await judgeAgain(placing, JSON.parse(entry) as LogEntry)));
  }
  return released;
}

async function judgeAgain(placing: Placing, entry: LogEntry): Promise<LogRecord[]> {
  const { tx, hub } = placing;
  const [row] = await tx.deleteFrom('pending_pack').where('cursor', '=', entry.cursor).returning('receipt').execute();
  const pack = decodeOrNull(entry);
  if (row === undefined || pack === null) return [];
  const receipt = row.receipt === '' ? receiptOf(entry, STEADY) : (JSON.parse(row.receipt) as Receipt);
  const isHubTrusted = receipt.isTrusted || hub.isTrusted;
  return await judge(placing, { entry, pack, receipt }, { receivedMs: receiptMs(receipt, hub), isHubTrusted });
}

type Judged = { readonly entry: LogEntry; readonly pack: Pack; readonly receipt: Receipt };

async function judge(
  placing: Placing,
  judged: Judged,
  time: { receivedMs: number; isHubTrusted: boolean },
): Promise<LogRecord[]> {
  const { entry, pack } = judged;
  const boot = bootOf(pack.edge, pack.boot);
  const row = await placing.tx.selectFrom('boot_clock').select('offset_ms').where('boot', '=', boot).executeTakeFirst();
  const { placed, refused, waitsFor, isByBoot } = placePack(pack, { ...time, offsetMs: row?.offset_ms ?? null });
  if (waitsFor !== null) {
    await keepPending(placing, judged, { boot, reason: waitsFor });
    return [];
  }
  if (refused.length > 0) {
    // Only what was refused is kept: the rest counts already and must not count twice.
    const samples = refused.flatMap(({ item }) => ('point' in item ? [item] : []));
    const events = refused.flatMap(({ item }) => ('type' in item ? [item] : []));
    const rest = { ...entry, body: encodePack({ ...pack, samples, events }) };
    await keepPending(placing, { ...judged, entry: rest }, { boot, reason: 'refused' });
    if (placed.samples.length + placed.events.length === 0) return [];
  }
  return [{ entry, pack: placed, ...(isByBoot ? { isByBoot } : {}) }];
}

async function keepPending(
  placing: Placing,
  judged: Judged,
  at: { boot: string; reason: PendingReason },
): Promise<void> {
  const { tx } = placing;
  placing.bodies ??= await countBodies(tx);
  const isWhole = at.reason === 'refused' || placing.bodies < PENDING_LIMITS.bodiesMax;
  const entry = isWhole ? JSON.stringify(judged.entry) : '';
  await tx
    .insertInto('pending_pack')
    .values({
      ...{ cursor: judged.entry.cursor, ...at, entry, receipt: JSON.stringify(judged.receipt) },
      pack_key: `${judged.entry.epoch}/${judged.entry.seq}`,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  placing.bodies += isWhole ? 1 : 0;
  if (at.reason === 'refused') await forgetOldRefused(tx);
}

async function countBodies(tx: Db): Promise<number> {
  const { n } = await tx
    .selectFrom('pending_pack')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('entry', '<>', '')
    .executeTakeFirstOrThrow();
  return n;
}

async function forgetOldRefused(tx: Db): Promise<void> {
  const oldest = await tx
    .selectFrom('pending_pack')
    .select('cursor')
    .where('reason', '=', 'refused')
    .orderBy('cursor', 'desc')
    .offset(PENDING_LIMITS.refusedMax)
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await tx.deleteFrom('pending_pack').where('reason', '=', 'refused').where('cursor', '<=', oldest.cursor).execute();
}
