/** One pack into the log within a transaction: what it holds, what it declares, and what of it cannot be taken. */
import type { ErrorCode, Pack, Sample } from '@commonworks/core';
import { ClockEvent, decodePack, GapEvent, isCoded } from '@commonworks/core';
import type { BootClocks } from '@commonworks/telemetry/log/boot-clocks.ts';
import type { DeadLetters } from '@commonworks/telemetry/log/dead-letters.ts';
import type { PackLog } from '@commonworks/telemetry/log/pack-log.ts';
import type { SeriesSample } from '@commonworks/telemetry/port.ts';
import { Value } from 'typebox/value';
import { placeSamples } from './place-samples.ts';
import { readPackKey } from './read-key.ts';

export type LogTables = { readonly log: PackLog; readonly letters: DeadLetters; readonly clocks: BootClocks };

/** `edge` is the authenticated sender; times are of the process's clock. */
export type IncomingPack = {
  readonly edge: string;
  readonly body: Uint8Array;
  readonly receivedMs: number;
  /** How far ahead of the clock a reading may be. */
};

export type PackOutcome = 'held' | 'repeated' | 'quarantined';

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
  const outcome = tables.log.insert(pack, incoming.body, incoming.receivedMs);
  if (outcome.kind === 'repeated') return 'repeated';
  if (outcome.kind !== 'held') {
    const code = outcome.kind === 'reused' ? 'broker.pack-key-reused' : 'broker.pack-scattered';
    return quarantine(tables, incoming, { code, reason: `pack ${pack.epoch}.${pack.seq}` }, pack);
  }
  rejectRecords(tables, { incoming, pack }, rejected);
  takeEvents(tables, { incoming, pack }, arrivals);
  takeSamples(tables, { incoming, pack, cursor: outcome.cursor }, arrivals);
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
  if (isOwn) {
    const range = { fromSeq: key.seq, toSeq: key.seq, reason: 'quarantined' };
    tables.log.holdRange(key, range, incoming.receivedMs);
  }
  return quarantine(tables, incoming, fault, isOwn ? key : null);
}

function quarantine(
  { letters }: LogTables,
  { edge, body, receivedMs }: IncomingPack,
  fault: { code: ErrorCode; reason: string },
  key: { epoch: string; seq: number } | null,
): PackOutcome {
  letters.add({ receivedMs, edge, kind: 'pack', ...fault, epoch: key?.epoch ?? null, seq: key?.seq ?? null, body });
  return 'quarantined';
}

type Held = { readonly incoming: IncomingPack; readonly pack: Pack };

function rejectRecords(tables: LogTables, held: Held, rejected: readonly { index: number; reason: string }[]): void {
  if (rejected.length === 0) return;
  const records = JSON.parse(new TextDecoder().decode(held.incoming.body)) as unknown[];
  for (const { index, reason } of rejected) {
    addRecordLetter(tables, held, { code: 'broker.record-rejected', reason, what: records[index] });
  }
}

function addRecordLetter(
  tables: LogTables,
  held: Held,
  fault: { code: ErrorCode; reason: string; what: unknown },
): void {
  const { incoming, pack } = held;
  tables.letters.add({
    receivedMs: incoming.receivedMs,
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
  for (const event of held.pack.events) {
    if (event.type === 'gap' && !takeGap(tables, held, event.body)) {
      addRecordLetter(tables, held, { code: 'broker.record-rejected', reason: 'not a valid gap', what: event });
    }
    if (event.type === 'clock' && !takeClock(tables, held, { body: event.body, arrivals })) {
      addRecordLetter(tables, held, { code: 'broker.record-rejected', reason: 'not a valid clock', what: event });
    }
  }
}

/** A gap can only be behind the pack that declares it. */
function takeGap(tables: LogTables, { incoming, pack }: Held, body: unknown): boolean {
  if (!Value.Check(GapEvent, body) || body.fromSeq < 1 || body.toSeq < body.fromSeq) return false;
  if (body.epoch === pack.epoch && body.toSeq >= pack.seq) return false;
  if (body.epoch !== pack.epoch && !tables.log.isKnown(pack.edge, body.epoch)) return false;
  const range = { fromSeq: body.fromSeq, toSeq: body.toSeq, reason: body.reason };
  tables.log.holdRange({ edge: pack.edge, epoch: body.epoch }, range, incoming.receivedMs);
  return true;
}

/** Places what waited for this boot's clock. */
function takeClock(tables: LogTables, { incoming, pack }: Held, told: { body: unknown; arrivals: Arrival[] }): boolean {
  if (!Value.Check(ClockEvent, told.body) || !Number.isFinite(told.body.offsetMs)) return false;
  const { boot, offsetMs } = told.body;
  tables.clocks.set(pack.edge, boot, offsetMs);
  // A boot's clock is told once: what is not placed now would wait for ever.
  for (let some = tables.clocks.take(pack.edge, boot); some.length > 0; some = tables.clocks.take(pack.edge, boot)) {
    for (const body of some) {
      const waiting = decodePack(body).pack;
      file(tables, { incoming, pack: waiting }, { offsetMs, arrivals: told.arrivals });
    }
  }
  return true;
}

function takeSamples(tables: LogTables, held: Held & { cursor: number }, arrivals: Arrival[]): void {
  const { pack, cursor } = held;
  const offsetMs = tables.clocks.offset(pack.edge, pack.boot);
  if (file(tables, held, { offsetMs, arrivals })) tables.clocks.wait(cursor, pack.edge, pack.boot);
}

/** True when some of the readings must wait for their boot's clock. */
function file(tables: LogTables, held: Held, to: { offsetMs: number | null; arrivals: Arrival[] }): boolean {
  const { incoming, pack } = held;
  const time = { nowMs: incoming.receivedMs, offsetMs: to.offsetMs };
  const { samples, outside, isWaiting } = placeSamples(pack.samples, time);
  const from = { epoch: pack.epoch, seq: pack.seq };
  for (const sample of samples) to.arrivals.push({ sample: withEdge(sample, pack.edge), from });
  for (const sample of outside) {
    const reason = `the time ${sample.timeMs} ms is outside the window`;
    addRecordLetter(tables, held, { code: 'broker.time-outside-window', reason, what: sample });
  }
  return isWaiting;
}

function withEdge(sample: Sample, edge: string): SeriesSample {
  // JSON knows -0; a register does not.
  return { ...sample, edge, value: sample.value === 0 ? 0 : sample.value };
}
