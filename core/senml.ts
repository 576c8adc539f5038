/** The pack: a SenML JSON array (RFC 8428) with a leading record that carries its key. */
import { CodedError } from './errors.ts';
import { isSlug, isUuid } from './ids.ts';
import { isTooDeep } from './json-depth.ts';
import { pointValueFault } from './point-values.ts';
import type { Point, PointName } from './points.ts';
import { isPointName, POINTS } from './points.ts';
import type { Quality } from './quality.ts';
import { isQuality, worstQuality } from './quality.ts';
import { TIME_MAX_MS } from './schema.ts';
import type { SenmlRecord } from './senml-records.ts';
import { BaseFields, parseRecords } from './senml-records.ts';

export { PACK_LIMITS } from './senml-records.ts';

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

type WrittenRecord = { bn?: string; n?: string; u?: string; t?: number; v?: number; vs?: string };

export function encodePack(pack: Pack): string {
  const records: WrittenRecord[] = [{ bn: `${pack.edge}/`, n: 'pack', vs: `${pack.epoch}.${pack.seq}.${pack.boot}` }];
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

function sampleRecords(sample: Sample): WrittenRecord[] {
  const name = `${sample.device}/${sample.point}`;
  const t = seconds(sample.timeMs);
  const records: WrittenRecord[] = [];
  const isUsable = sample.value !== null && pointValueFault(sample.point, sample.value) === null;
  if (isUsable && typeof sample.value === 'number') {
    const point = POINTS[sample.point];
    records.push({ n: name, ...('unit' in point ? { u: point.unit } : {}), t, v: sample.value });
  } else if (isUsable && typeof sample.value === 'string') {
    records.push({ n: name, t, vs: sample.value });
  }
  // A value no point can have is none: whoever reads the pack would refuse it, and its being there would be lost.
  const quality = isUsable || sample.value === null ? sample.quality : worstQuality([sample.quality, 'implausible']);
  if (quality !== 'good' || sample.value === null) records.push({ n: `${name}.q`, t, vs: quality });
  return records;
}

/** Absolute seconds with three decimals: whole milliseconds survive the double. */
function seconds(timeMs: number): number {
  return Math.round(timeMs) / 1000;
}

/**
 * Bytes or text to a pack. Unknown points and malformed records do not spoil the rest: they are listed in `rejected`.
 * @throws CodedError `core.pack-malformed` when there is no valid array or leading pack record, or its base fields do not hold.
 */
export function decodePack(input: Uint8Array | string): { pack: Pack; rejected: { index: number; reason: string }[] } {
  const records = parseRecords(input);
  const { edge, epoch, seq, boot } = readHead(records[0]);
  const into: Into = { base: new BaseFields(), prefix: `${edge}/`, samples: new Map(), events: [] };
  const rejected: { index: number; reason: string }[] = [];
  for (const [index, record] of records.entries()) {
    into.base.take(record);
    const reason = index === 0 ? null : readRecord(record, into);
    if (reason !== null) rejected.push({ index, reason });
  }
  return { pack: { edge, epoch, seq, boot, samples: [...into.samples.values()], events: into.events }, rejected };
}

function readHead(head: SenmlRecord | undefined): PackKey & { readonly boot: string } {
  const match = /^([0-9a-f-]{36})\.(\d{1,15})\.([0-9a-f-]{36})$/.exec(typeof head?.vs === 'string' ? head.vs : '');
  const bn = typeof head?.bn === 'string' ? head.bn : '';
  const edge = bn.slice(0, -1);
  if (head?.n !== 'pack' || match === null || !isUuid(edge) || !bn.endsWith('/')) {
    throw new CodedError(
      'core.pack-malformed',
      'the first record is not a pack record with epoch, sequence and boot id',
    );
  }
  const [, epoch = '', seq = '', boot = ''] = match;
  return { edge, epoch, seq: Number(seq), boot };
}

type Into = {
  readonly base: BaseFields;
  readonly prefix: string;
  readonly samples: Map<string, Sample>;
  readonly events: EventRecord[];
};

/** Files one record under samples or events; returns why it cannot, or null. */
function readRecord(record: SenmlRecord, { base, prefix, samples, events }: Into): string | null {
  const name = base.nameWithin(prefix, record);
  const time = base.timeOf(record);
  if (name === null || time === null || !Number.isFinite(time) || time < 0) {
    return 'name or time is missing or not valid';
  }
  const slash = name.indexOf('/');
  const device = name.slice(0, slash);
  const rest = name.slice(slash + 1);
  if (slash < 1 || !isSlug(device)) return 'the name is not of the form device/point';
  const timeMs = Math.round(time * 1000);
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
  const value = POINTS[point].kind === 'state' ? record.vs : base.valueOf(record);
  const fault = pointValueFault(point, value) ?? unitFault(point, base.unitOf(record));
  if (fault === null) samples.set(key, { ...known, value: value as number | string });
  return fault;
}

/** No unit is the point's own. Another is not converted: a thousandfold is not for a reader to guess. */
function unitFault(point: PointName, unit: unknown): string | null {
  const own: Point = POINTS[point];
  return unit === null || own.unit === undefined || unit === own.unit ? null : `the unit is not ${own.unit}`;
}

function readEvent(head: Omit<EventRecord, 'body'>, text: unknown, events: EventRecord[]): string | null {
  if (typeof text !== 'string') return 'the event has no body';
  if (isTooDeep(text)) return 'the event body is nested too deep';
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'the event body is not an object';
    events.push({ ...head, body: body as Record<string, unknown> });
    return null;
  } catch {
    return 'the event body is not JSON';
  }
}
