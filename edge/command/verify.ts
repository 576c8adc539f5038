/** Is this command from our community, for this edge, and still in time? Checked before anything else is done. */
import { type KeyObject, verify } from 'node:crypto';
import { accept, Command, type Result, refuse, type SignedCommand } from '@commonworks/core';
import { Value } from 'typebox/value';

export type VerifyContext = {
  /** The community's Ed25519 key; null refuses everything. */
  readonly publicKey: KeyObject | null;
  readonly community: string;
  readonly edge: string;
};

/** The command of a valid signature; whether it is in time is the executor's question, for its answer is a receipt. */
export function verifyCommand(signed: SignedCommand, context: VerifyContext): Result<Command> {
  if (context.publicKey === null) return refuse('edge.command-signature', 'this edge knows no community key');
  const bytes = Buffer.from(signed.body, 'utf8');
  if (!isSignatureValid(bytes, signed.signature, context.publicKey)) {
    return refuse('edge.command-signature', 'the signature does not match');
  }
  const command = parseCommand(signed.body);
  if (command === null) return refuse('edge.command-signature', 'the signed text is not a command');
  if (command.community !== context.community || command.edge !== context.edge) {
    return refuse('edge.command-device', 'the command is for another edge');
  }
  return accept(command);
}

function isSignatureValid(bytes: Buffer, signature: string, key: KeyObject): boolean {
  try {
    return verify(null, bytes, key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

function parseCommand(body: string): Command | null {
  try {
    const value: unknown = JSON.parse(body);
    return Value.Check(Command, value) ? value : null;
  } catch {
    return null;
  }
}
