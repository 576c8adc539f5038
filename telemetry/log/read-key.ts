/** The key of a pack that cannot be decoded, when its first record is still readable. */
import { isUuid, type PackKey } from '@commonworks/core';

/** The leading record is under 200 bytes; whatever follows it does not matter here. */
const HEAD_BYTES = 400;
const EDGE = /"bn"\s*:\s*"([0-9a-f-]{36})\/"/;
const KEY = /"vs"\s*:\s*"([0-9a-f-]{36})\.(\d{1,15})\.[0-9a-f-]{36}"/;

export function readPackKey(body: Uint8Array): PackKey | null {
  const head = Buffer.from(body.subarray(0, HEAD_BYTES)).toString('latin1');
  const edge = EDGE.exec(head)?.[1];
  const [, epoch, seq] = KEY.exec(head) ?? [];
  if (edge === undefined || epoch === undefined || !isUuid(edge) || !isUuid(epoch)) return null;
  return Number(seq) >= 1 ? { edge, epoch, seq: Number(seq) } : null;
}
