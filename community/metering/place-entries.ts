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
} from '@commonworks/core';
import { Value } from 'typebox/value';
import type { Db } from '../database.ts';
import { bootOf, keepBootClock } from './boot-clocks.ts';
import type { LogRecord } from './log-listener.ts';
import { PendingPacks } from './pending-packs.ts';

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
  const placing: Placing = { tx, hub: page.hub ?? STEADY, pending: new PendingPacks(tx) };
  const records: LogRecord[] = [];
  for (const entry of page.again ?? []) records.push(...(await judgeAgain(placing, entry)));
  for (const entry of page.entries) {
    const pack = decodeOrNull(entry);
    if (pack === null) continue;
    records.push(...(await takeClocks(placing, pack, entry.receivedMs)));
    const receipt = receiptOf(entry, placing.hub);
    const at = { receivedMs: entry.receivedMs, isHubTrusted: receipt.isTrusted };
    records.push(...(await judge(placing, { entry, pack, receipt }, at)));
  }
  return records;
}

type Placing = { readonly tx: Db; readonly hub: HubMoment; readonly pending: PendingPacks };

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
async function takeClocks(placing: Placing, pack: Pack, atMs: number): Promise<LogRecord[]> {
  const { tx } = placing;
  const released: LogRecord[] = [];
  for (const { type, body } of pack.events) {
    if (type !== 'clock' || !Value.Check(ClockEvent, body)) continue;
    const boot = bootOf(pack.edge, body.boot);
    await keepBootClock(tx, { edge: pack.edge, boot: body.boot, offsetMs: body.offsetMs }, atMs);
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
    await placing.pending.keep(judged, { boot, reason: waitsFor });
    return [];
  }
  if (refused.length > 0) {
    // Only what was refused is kept: the rest counts already and must not count twice.
    const samples = refused.flatMap(({ item }) => ('point' in item ? [item] : []));
    const events = refused.flatMap(({ item }) => ('type' in item ? [item] : []));
    const rest = { ...entry, body: encodePack({ ...pack, samples, events }) };
    await placing.pending.keep({ ...judged, entry: rest }, { boot, reason: 'refused' });
    if (placed.samples.length + placed.events.length === 0) return [];
  }
  return [{ entry, pack: placed, ...(isByBoot ? { isByBoot } : {}) }];
}
