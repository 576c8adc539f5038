/** SenML records from JSON, each with the base fields in force applied to it (RFC 8428 sections 4.1 to 4.6). */
import { CodedError } from './errors.ts';
import { isTooDeep } from './json-depth.ts';

/** Labels of RFC 8428 section 4.3 that mean something here; what is not known is passed over (section 4.4). */
export type SenmlRecord = {
  bn?: unknown;
  bt?: unknown;
  bu?: unknown;
  bv?: unknown;
  bver?: unknown;
  n?: unknown;
  u?: unknown;
  t?: unknown;
  v?: unknown;
  vs?: unknown;
};

/**
 * Written limits of a pack: more is refused at the border, which takes bytes. A text is a pack that was taken, or a part of
 * one written out anew: what base fields and exponents made short (`1e20` is 21 digits) may be longer then.
 */
export const PACK_LIMITS = { bytesMax: 65_536, textMax: 8 * 65_536, recordsMax: 1000 } as const;

/** RFC 8428 section 4.1: the version when none is given; a higher one must not be read. Drafts had lower ones. */
const VERSION = 10;
/** Only when one of these is in the text can a label end in an underscore. */
const UNDERSCORE = /_"|\\u005f"/i;

/** @throws CodedError `core.pack-malformed` when it is no array of 1 to 1000 records. */
export function parseRecords(input: Uint8Array | string): SenmlRecord[] {
  const text = typeof input === 'string' ? input : decodeUtf8(input);
  if (text.length > PACK_LIMITS.textMax) throw malformed(`a pack of ${text.length} characters is over the limit`);
  if (isTooDeep(text)) throw malformed('the payload is nested too deep');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw malformed('the payload is not JSON', cause);
  }
  if (!Array.isArray(parsed) || parsed.length === 0 || parsed.length > PACK_LIMITS.recordsMax) {
    throw malformed(`the payload is not an array of 1 to ${PACK_LIMITS.recordsMax} records`);
  }
  if (parsed.some((record) => typeof record !== 'object' || record === null || Array.isArray(record))) {
    throw malformed('a record of the pack is not an object');
  }
  if (UNDERSCORE.test(text)) refuseMandatory(parsed as object[]);
  return parsed as SenmlRecord[];
}

/** A byte order mark is kept, so that JSON refuses it (RFC 8259 section 8.1), in bytes as in text. */
function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.byteLength > PACK_LIMITS.bytesMax) {
    throw malformed(`a pack of ${bytes.byteLength} bytes is over the limit`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed('the payload is not UTF-8', cause);
  }
}

/** Section 4.4: a label with `_` at its end changes what the pack means, for whoever knows it. We know none. */
function refuseMandatory(records: readonly object[]): void {
  for (const record of records) {
    const label = Object.keys(record).find((key) => key.endsWith('_'));
    if (label !== undefined) throw malformed(`the field ${label.slice(0, 40)} must be understood, and is not`);
  }
}

/** What the records so far have set: it applies to the record that sets it and to those after, until it is set again. */
export class BaseFields {
  name = '';
  time: number | null = null;
  unit: string | null = null;
  value = 0;
  #version: number | null = null;

  /** @throws CodedError `core.pack-malformed`: with a wrong base every record after it would say something else. */
  take(record: SenmlRecord): void {
    const { bn, bt, bu, bv, bver } = record;
    if (bn !== undefined) this.name = base(bn, isText, 'bn');
    if (bt !== undefined) this.time = base(bt, isFiniteNumber, 'bt');
    if (bu !== undefined) this.unit = base(bu, isText, 'bu');
    if (bv !== undefined) this.value = base(bv, isFiniteNumber, 'bv');
    if (bver !== undefined) this.#takeVersion(base(bver, isFiniteNumber, 'bver'));
  }

  /** The name with its base, without the prefix; null when it does not begin with that. */
  nameWithin(prefix: string, { n }: SenmlRecord): string | null {
    const own = n === undefined ? '' : n;
    if (typeof own !== 'string') return null;
    if (this.name === prefix) return own;
    const whole = this.name + own;
    return whole.startsWith(prefix) ? whole.slice(prefix.length) : null;
  }

  /** Seconds; null when neither the base nor the record says any, or they are not valid. */
  timeOf({ t }: SenmlRecord): number | null {
    if (t === undefined) return this.time;
    return typeof t === 'number' ? (this.time ?? 0) + t : null;
  }

  unitOf({ u }: SenmlRecord): unknown {
    return u === undefined ? this.unit : u;
  }

  /** A record without a value has none: the base alone would be a reading that nobody took. */
  valueOf({ v }: SenmlRecord): unknown {
    return typeof v === 'number' ? this.value + v : v;
  }

  /** Section 4.4: all records of a pack have one version. */
  #takeVersion(version: number): void {
    if (!Number.isInteger(version) || version < 1 || version > VERSION) {
      throw malformed(`SenML version ${version} is not known here`);
    }
    if (this.#version !== null && this.#version !== version) throw malformed('the pack has records of two versions');
    this.#version = version;
  }
}

function base<T>(value: unknown, isValid: (value: unknown) => value is T, label: string): T {
  if (!isValid(value)) throw malformed(`the base field ${label} is not valid`);
  return value;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function malformed(message: string, cause?: unknown): CodedError {
  return new CodedError('core.pack-malformed', message, cause === undefined ? undefined : { cause });
}
