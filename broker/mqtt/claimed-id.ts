/** Who a CONNECT says it is from, read from its first bytes: for packets that are never parsed because they are too large. */

const CONNECT = 1;
const LENGTH_BYTES_MAX = 4;

/** The client id of a CONNECT [MQTT-3.1.3-1]; null when these bytes do not hold it. */
export function claimedId(bytes: Buffer): string | null {
  if ((bytes[0] ?? 0) >> 4 !== CONNECT) return null;
  let at = 1;
  while ((bytes[at] ?? 0) & 0x80 && at < LENGTH_BYTES_MAX) at += 1;
  // After the remaining length: protocol name, level, flags and keep-alive, then the client id.
  const afterName = textAt(bytes, at + 1)?.end;
  return afterName === undefined ? null : (textAt(bytes, afterName + 4)?.text ?? null);
}

function textAt(bytes: Buffer, at: number): { text: string; end: number } | null {
  if (at + 2 > bytes.length) return null;
  const end = at + 2 + bytes.readUInt16BE(at);
  return end > bytes.length ? null : { text: bytes.toString('utf8', at + 2, end), end };
}
