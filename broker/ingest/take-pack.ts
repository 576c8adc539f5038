/** One pack into the log within a transaction: what it holds, what it declares, and what of it cannot be taken. */
import type { ErrorCode, HubMoment, Pack, Receipt, Sample } from '@commonworks/core';
import { ClockEvent, decodePack, GapEvent, isCoded, isUuid, placePack, receiptMs } from '@commonworks/core';
import type { WaitingPack } from '@commonworks/telemetry/log/boot-clocks.ts';
import { readPackKey } from '@commonworks/telemetry/log/read-key.ts';
import type { SeriesSample } from '@commonworks/telemetry/port.ts';
import { Value } from 'typebox/value';
import type { LogTables } from './log-tables.ts';

/** `edge` is the authenticated sender; times are of the process's clock. */
export type IncomingPack = {
  readonly edge: string;
  readonly body: Uint8Array;
  readonly receivedMs: number;
  /** What that time was worth; absent: it was known to be right. */
  readonly hub?: Omit<HubMoment, 'nowMs'>;
};

const OUTSIDE = 'broker.time-outside-window';

function receiptOf({ receivedMs, hub }: Pick<IncomingPack, 'receivedMs' | 'hub'>): Receipt {
  return { nowMs: receivedMs, isTrusted: true, boot: '', upMs: 0, ...hub };
}

/** `refused`: not acknowledged, so that its edge keeps it; of the others the store has the bytes. */
export type PackOutcome = 'held' | 'repeated' | 'quarantined' | 'refused';

/** A reading for the series, with the key of the pack that brought it. */
export type Arrival = {
  readonly sample: SeriesSample;
  readonly from: { readonly epoch: string; readonly seq: number };
};

export function takePack(tables: LogTables, incoming: IncomingPack, arrivals: Arrival[]): PackOutcome {
  let decoded: ReturnType<typeof decodePack>;
  try {
    decoded = decodePack(incoming.body);
  } catch (error) {
    if (!isCoded(error, 'core.pack-malformed')) throw error;
    return quarantinePoison(tables, incoming, { code: error.code, reason: error.message });
  }
  const { pack, rejected } = decoded;
  if (pack.edge !== incoming.edge) {
    return quarantine(
      tables,
      incoming,
      { code: 'broker.pack-foreign', reason: `the pack names edge ${pack.edge}` },
      pack,
    );
  }
  if (pack.seq < 1) {
    return quarantine(tables, incoming, { code: 'core.pack-malformed', reason: 'sequence numbers begin at 1' }, pack);
  }
  const receipt = receiptOf(incoming);
  const outcome = tables.log.insert(pack, incoming.body, receipt);
  if (outcome.kind === 'repeated') return 'repeated';
  if (outcome.kind !== 'held') {
    if (outcome.kind === 'crowded') tables.overruns.note(pack.edge, 'epochs');
    const code = outcome.kind === 'reused' ? 'broker.pack-key-reused' : 'broker.pack-scattered';
    const reason = `pack ${pack.epoch}.${pack.seq}${outcome.kind === 'crowded' ? ': one epoch too many' : ''}`;
    return quarantine(tables, incoming, { code, reason }, pack);
  }
  rejectRecords(tables, { incoming, pack }, rejected);
  takeEvents(tables, { incoming, pack }, arrivals);
  const at = { receivedMs: receipt.nowMs, isTrusted: receipt.isTrusted, arrivals };
  file(tables, { pack, cursor: outcome.cursor, receipt }, at);
  return 'held';
}

/** A pack nobody can read counts as held when its key can be, else its edge would send it for ever. */
export function quarantinePoison(
  tables: LogTables,
  incoming: IncomingPack,
  fault: { code: ErrorCode; reason: string },
): PackOutcome {
  const key = readPackKey(incoming.body);
  const isOwn = key !== null && key.edge === incoming.edge;
  if (isOwn && tables.log.isHeld(key)) return 'repeated';
  const outcome = quarantine(tables, incoming, fault, isOwn ? key : null);
  if (isOwn && outcome !== 'refused') {
    const range = { fromSeq: key.seq, toSeq: key.seq, reason: 'quarantined' };
    if (!tables.log.holdRange(key, range, incoming.receivedMs)) tables.overruns.note(key.edge, 'ranges');
  }
  return outcome;
}

/** Acknowledged only when it stays: what there is no room for is left with its edge. */
function quarantine(
  tables: LogTables,
  { edge, body, receivedMs }: IncomingPack,
  fault: { code: ErrorCode; reason: string },
  key: { epoch: string; seq: number } | null,
): PackOutcome {
  const at = { receivedMs, edge, epoch: key?.epoch ?? null, seq: key?.seq ?? null };
  const outcome = tables.quarantine.keep({ ...at, ...fault, body });
  if (outcome === 'full') tables.overruns.note(edge, 'quarantine');
  return outcome === 'full' ? 'refused' : outcome === 'known' ? 'repeated' : 'quarantined';
}

type Held = { readonly incoming: IncomingPack; readonly pack: Pack };

function rejectRecords(tables: LogTables, held: Held, rejected: readonly { index: number; reason: string }[]): void {
  if (rejected.length === 0) return;
  const records = JSON.parse(new TextDecoder().decode(held.incoming.body)) as unknown[];
  for (const { index, reason } of rejected) {
    const { receivedMs } = held.incoming;
    const what = records[index];
    addRecordLetter(tables, { receivedMs, pack: held.pack }, { code: 'broker.record-rejected', reason, what });
  }
}

function addRecordLetter(
  tables: LogTables,
  { receivedMs, pack }: { receivedMs: number; pack: Pack },
  fault: { code: ErrorCode; reason: string; what: unknown },
): void {
  tables.letters.add({
    receivedMs,
    edge: pack.edge,
    kind: 'record',
    code: fault.code,
    reason: fault.reason,
    epoch: pack.epoch,
    seq: pack.seq,
    body: Buffer.from(JSON.stringify(fault.what) ?? ''),
  });
}

function takeEvents(tables: LogTables, held: Held, arrivals: Arrival[]): void {
  const at = { receivedMs: held.incoming.receivedMs, pack: held.pack };
  for (const event of held.pack.events) {
    if (event.type === 'gap' && !takeGap(tables, held, event.body)) {
      addRecordLetter(tables, at, { code: 'broker.record-rejected', reason: 'not a valid gap', what: event });
    }
    if (event.type === 'clock' && !takeClock(tables, held, { body: event.body, arrivals })) {
      addRecordLetter(tables, at, { code: 'broker.record-rejected', reason: 'not a valid clock', what: event });
    }
  }
}

/**
 * A gap can only be behind the pack that declares it. Of an epoch that this log does not know, too: a log that was lost
 * has forgotten it, and its agent says once what of it is gone.
 */
function takeGap(tables: LogTables, { incoming, pack }: Held, body: unknown): boolean {
  if (!Value.Check(GapEvent, body) || body.fromSeq < 1 || body.toSeq < body.fromSeq) return false;
  if (body.epoch === pack.epoch && body.toSeq >= pack.seq) return false;
  if (body.epoch !== pack.epoch && !isUuid(body.epoch)) return false;
  const range = { fromSeq: body.fromSeq, toSeq: body.toSeq, reason: body.reason };
  const isHeld = tables.log.holdRange({ edge: pack.edge, epoch: body.epoch }, range, incoming.receivedMs);
  if (!isHeld) tables.overruns.note(pack.edge, 'ranges');
  return isHeld;
}

/** Places what waited for this boot's clock. It may be told again, with a better offset: what is placed stays. */
function takeClock(tables: LogTables, { incoming, pack }: Held, told: { body: unknown; arrivals: Arrival[] }): boolean {
  if (!Value.Check(ClockEvent, told.body) || !Number.isFinite(told.body.offsetMs)) return false;
  const { boot, offsetMs } = told.body;
  tables.overruns.note(pack.edge, 'boots', tables.clocks.set(pack.edge, boot, offsetMs));
  const hub = receiptOf(incoming);
  for (const waiting of tables.clocks.take(pack.edge, boot))
    judgeAgain(tables, waiting, { hub, arrivals: told.arrivals });
  tables.clocks.defer(pack.edge, boot);
  return true;
}

/** A pack that waited, judged anew: what was said of its times before is taken back. */
export function judgeAgain(
  tables: LogTables,
  waiting: WaitingPack,
  at: { readonly hub: HubMoment; readonly arrivals: Arrival[] },
): void {
  const pack = decodeOrNull(waiting.body);
  if (pack === null) return;
  tables.letters.withdraw(pack, OUTSIDE);
  const { receipt, cursor } = waiting;
  const isTrusted = receipt.isTrusted || at.hub.isTrusted;
  file(tables, { pack, cursor, receipt }, { receivedMs: receiptMs(receipt, at.hub), isTrusted, arrivals: at.arrivals });
}

/** Null for a pack that an earlier version could read: it stays in the log. */
function decodeOrNull(body: Uint8Array): Pack | null {
  try {
    return decodePack(body).pack;
  } catch (error) {
    if (isCoded(error, 'core.pack-malformed')) return null;
    throw error;
  }
}

/** Files what has its time, remembers what waits, and sets aside what cannot have been then. */
function file(
  tables: LogTables,
  held: { readonly pack: Pack; readonly cursor: number; readonly receipt: Receipt },
  at: { readonly receivedMs: number; readonly isTrusted: boolean; readonly arrivals: Arrival[] },
): void {
  const { pack, cursor, receipt } = held;
  const offsetMs = tables.clocks.offset(pack.edge, pack.boot);
  // Events are placed by who follows the log; here only readings have a place.
  const readings = { ...pack, events: [] };
  const time = { offsetMs, receivedMs: at.receivedMs, isHubTrusted: at.isTrusted };
  const { placed, refused, waitsFor } = placePack(readings, time);
  const from = { epoch: pack.epoch, seq: pack.seq };
  for (const sample of placed.samples) at.arrivals.push({ sample: withEdge(sample, pack.edge), from });
  for (const { item, reason } of refused) {
    addRecordLetter(tables, { receivedMs: receipt.nowMs, pack }, { code: OUTSIDE, reason, what: item });
  }
  const reason = waitsFor ?? (refused.length > 0 ? 'refused' : null);
  if (reason !== null) tables.clocks.wait(cursor, pack, { reason, receipt });
}

function withEdge(sample: Sample, edge: string): SeriesSample {
  // JSON knows -0; a register does not.
  return { ...sample, edge, value: sample.value === 0 ? 0 : sample.value };
}
