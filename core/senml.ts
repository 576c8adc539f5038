/** The pack: a SenML JSON array (RFC 8428) with a leading record that carries its key. */
import { CodedError } from './errors.ts';
import { isSlug, isUuid } from './ids.ts';
import type { PointName } from './points.ts';
import { isPointName, POINTS } from './points.ts';
import type { Quality } from './quality.ts';
import { isQuality } from './quality.ts';
import { TIME_MAX_MS } from './schema.ts';

/** `seq` is gap-free within `epoch` (the outbox file's life); `boot` names the agent's process life. */
export type PackKey = { readonly edge: string; readonly epoch: string; readonly seq: number };

/**
 * One value of one series. `value` is null exactly when the quality is `missing`, or the reading was unusable.
 * `timeMs` is UTC epoch milliseconds, or milliseconds since boot when below `MONOTONIC_LIMIT_MS`.
 */
export type Sample = {
  readonly device: string;
  readonly point: PointName;
  readonly timeMs: number;
  readonly value: number | string | null;
  readonly quality: Quality;
};

/** Something that happened; `type` is one of core/events.ts, `body` its JSON. Device `edge` is the agent itself. */
export type EventRecord = {
  readonly device: string;
  readonly type: string;
  readonly timeMs: number;
  readonly body: Readonly<Record<string, unknown>>;
};

export type Pack = PackKey & {
  readonly boot: string;
  readonly samples: readonly Sample[];
  readonly events: readonly EventRecord[];
};

/** RFC 8428 section 4.5.3: times below 2^28 seconds are relative; an agent without trusted time uses seconds since boot. */
export const MONOTONIC_LIMIT_MS = 2 ** 28 * 1000;

/** Written limits of a pack: more is refused at the border. */
export const PACK_LIMITS = { bytesMax: 65_536, recordsMax: 1000 } as const;

type SenmlRecord = { bn?: string; n?: string; u?: string; t?: number; v?: number; vs?: string };

export function encodePack(pack: Pack): string {
  const records: SenmlRecord[] = [{ bn: `${pack.edge}/`, n: 'pack', vs: `${pack.epoch}.${pack.seq}.${pack.boot}` }];
  for (const sample of pack.samples) records.push(...sampleRecords(sample));
  for (const event of pack.events) {
    records.push({
      n: `${event.device}/event.${event.type}`,
      t: seconds(event.timeMs),
      vs: JSON.stringify(event.body),
    });
  }
  return JSON.stringify(records);
}

function sampleRecords(sample: Sample): SenmlRecord[] {
  const name = `${sample.device}/${sample.point}`;
  const t = seconds(sample.timeMs);
  const records: SenmlRecord[] = [];
  if (typeof sample.value === 'number') {
    const point = POINTS[sample.point];
    records.push({ n: name, ...('unit' in point ? { u: point.unit } : {}), t, v: sample.value });
  } else if (sample.value !== null) {
    records.push({ n: name, t, vs: sample.value });
  }
  if (sample.quality !== 'good' || sample.value === null) records.push({ n: `${name}.q`, t, vs: sample.quality });
  return records;
}

/** Absolute seconds with three decimals: whole milliseconds survive the double. */
function seconds(timeMs: number): number {
  return Math.round(timeMs) / 1000;
}

/**
 * Bytes or text to a pack. Unknown points and malformed records do not spoil the rest: they are listed in `rejected`.
 * @throws CodedError `core.pack-malformed` when there is no valid array or leading pack record.
 */
export function decodePack(input: Uint8Array | string): { pack: Pack; rejected: { index: number; reason: string }[] } {
  const records = parseRecords(input);
  const head = records[0];
  const match = /^([0-9a-f-]{36})\.(\d{1,15})\.([0-9a-f-]{36})$/.exec(typeof head?.vs === 'string' ? head.vs : '');
  const edge = typeof head?.bn === 'string' ? head.bn.slice(0, -1) : '';
  if (head?.n !== 'pack' || match === null || !isUuid(edge) || !head.bn?.endsWith('/')) {
    throw new CodedError(
      'core.pack-malformed',
      'the first record is not a pack record with epoch, sequence and boot id',
    );
  }
  const samples = new Map<string, Sample>();
  const events: EventRecord[] = [];
  const rejected: { index: number; reason: string }[] = [];
  for (let index = 1; index < records.length; index++) {
    const reason = readRecord(records[index] as SenmlRecord, samples, events);
    if (reason !== null) rejected.push({ index, reason });
  }
  const [, epoch = '', seq = '', boot = ''] = match;
  return { pack: { edge, epoch, seq: Number(seq), boot, samples: [...samples.values()], events }, rejected };
}

function parseRecords(input: Uint8Array | string): SenmlRecord[] {
  const size = typeof input === 'string' ? input.length : input.byteLength;
  if (size > PACK_LIMITS.bytesMax)
    throw new CodedError('core.pack-malformed', `a pack of ${size} bytes is over the limit`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(typeof input === 'string' ? input : new TextDecoder('utf-8', { fatal: true }).decode(input));
  } catch (cause) {
    throw new CodedError('core.pack-malformed', 'the payload is not JSON', { cause });
  }
  if (!Array.isArray(parsed) || parsed.length === 0 || parsed.length > PACK_LIMITS.recordsMax) {
    throw new CodedError('core.pack-malformed', 'the payload is not an array of 1 to 1000 records');
  }
  if (parsed.some((record) => typeof record !== 'object' || record === null || Array.isArray(record))) {
    throw new CodedError('core.pack-malformed', 'a record of the pack is not an object');
  }
  return parsed as SenmlRecord[];
}

/** Files one record under samples or events; returns why it cannot, or null. */
function readRecord(record: SenmlRecord, samples: Map<string, Sample>, events: EventRecord[]): string | null {
  if (typeof record.n !== 'string' || typeof record.t !== 'number' || !Number.isFinite(record.t) || record.t < 0) {
    return 'name or time is missing or not valid';
  }
  const slash = record.n.indexOf('/');
  const device = record.n.slice(0, slash);
  const rest = record.n.slice(slash + 1);
  if (slash < 1 || !isSlug(device)) return 'the name is not of the form device/point';
  const timeMs = Math.round(record.t * 1000);
  if (timeMs > TIME_MAX_MS) return 'the time is beyond the year 9999';
  if (rest.startsWith('event.')) return readEvent({ device, type: rest.slice(6), timeMs }, record.vs, events);
  const isQualityRecord = rest.endsWith('.q');
  const point = isQualityRecord ? rest.slice(0, -2) : rest;
  if (!isPointName(point)) return `unknown point ${point.slice(0, 40)}`;
  const key = `${device}/${point}@${timeMs}`;
  const known = samples.get(key) ?? { device, point, timeMs, value: null, quality: 'good' as const };
  if (isQualityRecord) {
    if (typeof record.vs !== 'string' || !isQuality(record.vs)) return 'the quality is not on the scale';
    samples.set(key, { ...known, quality: record.vs });
    return null;
  }
  const isState = POINTS[point].kind === 'state';
  const value = isState ? record.vs : record.v;
  if (isState ? typeof value !== 'string' : !Number.isFinite(value)) return 'the value is missing or of the wrong type';
  samples.set(key, { ...known, value: value as number | string });
  return null;
}

function readEvent(head: Omit<EventRecord, 'body'>, text: unknown, events: EventRecord[]): string | null {
  if (typeof text !== 'string') return 'the event has no body';
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'the event body is not an object';
    events.push({ ...head, body: body as Record<string, unknown> });
    return null;
  } catch {
    return 'the event body is not JSON';
  }
}
