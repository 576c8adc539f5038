/** Signs commands with the community's key: the edge checks exactly the bytes that were signed. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { Command, SignedCommand } from '@commonworks/core';

export function readSigningKey(pem: string): KeyObject {
  return createPrivateKey(pem);
}

export function signCommand(command: Command, key: KeyObject): SignedCommand {
  const body = JSON.stringify(command);
  return { body, signature: sign(null, Buffer.from(body), key).toString('base64') };
}
