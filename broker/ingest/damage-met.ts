/** Damage in telemetry.db that is met while the broker runs: the process ends, and its next start salvages the file. */
import { writeFileSync } from 'node:fs';
import { CodedError, isCoded } from '@commonworks/core';
import { isDamage } from '@commonworks/telemetry/log/row-check.ts';

/** Beside the database: word for the next start. */
export const markerOf = (path: string): string => `${path}.salvage-wanted`;

/** The error to answer with while running: of damage, one that ends the process, with word for the next start. */
export function damageOf({ path }: { readonly path: string }, error: unknown): unknown {
  const isMet = isDamage(error) || isCoded(error, 'telemetry.chunk-corrupt');
  if (!isMet) return error;
  writeFileSync(markerOf(path), 'damage was met; it is written anew at the next start\n');
  return new CodedError('telemetry.log-damaged', `${path} is damaged: ${String(error)}`, { cause: error });
}
