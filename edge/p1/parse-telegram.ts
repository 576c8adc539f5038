/** One P1 telegram to its values: checksum first, then the OBIS lines that carry a number. */
import { CodedError, type IdentityEvent, localToUtc } from '@commonworks/core';
import { crc16, P1_CRC_START } from '../modbus/crc16.ts';
import { cleanText, identity } from '../read/identity.ts';
import { TELEGRAM_BYTES_MAX } from './telegram-splitter.ts';

export type Telegram = {
  /** The meter's own time, UTC epoch ms; null in versions that do not send it, or when it is not a time. */
  readonly timeMs: number | null;
  /** OBIS code to thousandths of Wh, W, V, A: exact integers. */
  readonly values: ReadonlyMap<string, number>;
  /** Every code that came, as it was written, whether it can be read or not. */
  readonly seen: readonly string[];
  /** Which meter it is; null when it does not say. */
  readonly identity: IdentityEvent | null;
};

/** kWh and kW become Wh and W; everything in thousandths. */
const THOUSANDTHS: Readonly<Record<string, number>> = {
  kWh: 1_000_000,
  Wh: 1000,
  kW: 1_000_000,
  W: 1000,
  V: 1000,
  A: 1000,
};

/** Group F of an OBIS code is 255 where it is not written (IEC 62056-61): `1-0:1.8.0*255` is the same register. */
const VALUE_LINE = /^(\d-\d:\d{1,3}\.\d{1,3}\.\d{1,3})(?:\*255)?\((\d{1,12}(?:\.\d{1,9})?)\*([A-Za-z]{1,4})\)/;
const TIME_LINE = /^0-0:1\.0\.0(?:\*255)?\((\d{12})([SW])\)/;
const CODE = /^([0-9A-Za-z][0-9A-Za-z.:*-]{1,30})\(/;
const IDENTITY_LINE = /^0-0:96\.1\.1(?:\*255)?\(([0-9A-Fa-f]{2,192})\)/;
/** Maker's three letters, speed, and after a backslash or without one the type (IEC 62056-21, 6.3.2). */
const HEADER = /^\/([A-Za-z]{3})[0-9A-Za-z](?:\\[0-9A-Za-z])?(.*)$/;
const VERSION_LINE = /^[01]-[0-9]:(?:0\.2\.8|96\.1\.4)\(/;

/**
 * `text` is Latin-1, from `/` to the line of `!`. `zone` is that of the meter's local time stamps.
 * @throws CodedError `edge.p1-crc`, `edge.p1-malformed`.
 */
export function parseTelegram(text: string, zone: string): Telegram {
  if (text.length > TELEGRAM_BYTES_MAX || !text.startsWith('/')) throw malformed('no start');
  const end = text.lastIndexOf('!');
  if (end < 0) throw malformed('no end');
  const lines = text.slice(0, end).split(/\r?\n/);
  checkCrc(text.slice(0, end + 1), text.slice(end + 1).trim(), lines);
  const values = new Map<string, number>();
  const seen: string[] = [];
  let serial = '';
  let timeMs: number | null = null;
  for (const line of lines) {
    const [, written] = CODE.exec(line) ?? [];
    if (written !== undefined) seen.push(written);
    serial ||= octetText(IDENTITY_LINE.exec(line)?.[1] ?? '');
    const [, digits, season] = TIME_LINE.exec(line) ?? [];
    if (digits !== undefined) timeMs = meterTime(digits, season === 'S', zone);
    const [, code = '', number = '', unit = ''] = VALUE_LINE.exec(line) ?? [];
    const factor = Object.hasOwn(THOUSANDTHS, unit) ? THOUSANDTHS[unit] : undefined;
    if (factor !== undefined) values.set(code, Math.round(Number(number) * factor));
  }
  const [, manufacturer = '', model = ''] = HEADER.exec(lines[0] ?? '') ?? [];
  return { timeMs, values, seen, identity: identity(serial, { manufacturer, model: cleanText(model) }) };
}

/** Octets as pairs of hexadecimal digits, mostly of letters and digits; where they are none, the digits themselves. */
function octetText(hex: string): string {
  return cleanText(Buffer.from(hex, 'hex').toString('latin1')) || hex.slice(0, 64).toUpperCase();
}

/** CRC-16/ARC over everything from `/` to `!` (P1 Companion Standard 5.0.2, section 6.2), CRLF line ends. */
function checkCrc(covered: string, stated: string, lines: readonly string[]): void {
  if (stated === '') {
    // DSMR 2.2 and 3 have no checksum, and no version line either; later versions must have one.
    if (lines.some((line) => VERSION_LINE.test(line))) throw new CodedError('edge.p1-crc', 'the checksum is missing');
    return;
  }
  if (!/^[0-9a-fA-F]{1,4}$/.test(stated)) throw malformed('the checksum is not hexadecimal');
  const expected = Number.parseInt(stated, 16);
  const matches = (text: string) => crc16(Buffer.from(text, 'latin1'), P1_CRC_START) === expected;
  // A terminal device that turns CRLF into LF did so after the meter had computed its checksum.
  if (matches(covered) || (!covered.includes('\r') && matches(covered.replaceAll('\n', '\r\n')))) return;
  throw new CodedError('edge.p1-crc', `the checksum is not ${stated}`);
}

/** YYMMDDhhmmss local time; S is summer time, W winter time, which tells the repeated hour in autumn apart. */
function meterTime(digits: string, isSummer: boolean, zone: string): number | null {
  const [year, month, day, hour, minute, second] = digits.match(/../g) ?? [];
  try {
    return localToUtc(`20${year}-${month}-${day}T${hour}:${minute}:${second}`, zone, isSummer ? 'first' : 'second');
  } catch {
    return null;
  }
}

function malformed(reason: string): CodedError {
  return new CodedError('edge.p1-malformed', `the telegram cannot be read: ${reason}`);
}
