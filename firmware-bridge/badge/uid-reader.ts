/** Badge readers on a serial line: bytes to UIDs, in the two line protocols that small readers speak. */
import { createLineSplitter } from '../stream/line-splitter.ts';

export type BadgeProtocol = 'uid-line' | 'rdm6300';

/** Bytes in, upper-case hex UIDs out. Anything else on the line is passed over. */
export type UidReader = (chunk: Uint8Array) => string[];

export function createUidReader(protocol: BadgeProtocol): UidReader {
  return protocol === 'uid-line' ? createUidLineReader() : createRdm6300Reader();
}

/** ISO 14443 UIDs have 4, 7 or 10 bytes, EM4100 ones 5; separators between bytes are common. */
const UID = /^(?:[0-9A-F]{8}|[0-9A-F]{10}|[0-9A-F]{14}|[0-9A-F]{20})$/;

function createUidLineReader(): UidReader {
  const split = createLineSplitter(80);
  return (chunk) =>
    split(chunk)
      .map((line) =>
        line
          .replace(/^UID[:=]?\s*/i, '')
          .replaceAll(/[\s:-]/g, '')
          .toUpperCase(),
      )
      .filter((uid) => UID.test(uid));
}

const START = '\x02';
const END = '\x03';
/** Start, ten digits of UID, two of checksum, end. */
const FRAME_LENGTH = 14;

/** RDM6300: the checksum is the XOR of the five UID bytes. */
function createRdm6300Reader(): UidReader {
  let rest = '';
  return (chunk) => {
    rest += Buffer.from(chunk).toString('latin1');
    const uids: string[] = [];
    for (;;) {
      const start = rest.indexOf(START);
      if (start < 0) {
        rest = '';
        return uids;
      }
      rest = rest.slice(start);
      if (rest.length < FRAME_LENGTH) return uids;
      const uid = frameUid(rest.slice(0, FRAME_LENGTH));
      if (uid !== null) uids.push(uid);
      // After a broken frame the next start byte may stand inside it.
      rest = rest.slice(uid === null ? 1 : FRAME_LENGTH);
    }
  };
}

function frameUid(frame: string): string | null {
  const digits = frame.slice(1, 13).toUpperCase();
  if (!frame.endsWith(END) || !/^[0-9A-F]{12}$/.test(digits)) return null;
  const bytes = Buffer.from(digits, 'hex');
  let checksum = 0;
  for (const byte of bytes.subarray(0, 5)) checksum ^= byte;
  return checksum === bytes[5] ? digits.slice(0, 10) : null;
}
