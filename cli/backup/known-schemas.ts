/** Refuses a backup whose databases are of a newer program, before anything of it is written. */

import { BROKER_MIGRATIONS } from '@commonworks/broker/broker-tables.ts';
import { MIGRATIONS } from '@commonworks/community/migrations.ts';
import { CodedError } from '@commonworks/core';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import type { Manifest } from './manifest.ts';
import { BROKER_PATH, COMMUNITY_PATH, TELEMETRY_PATH } from './site-databases.ts';

/** auth.db and outboxes are judged by their owners at the start: their versions have been the same since the first. */
function knownOf(path: string): Record<string, number> | null {
  switch (path) {
    case TELEMETRY_PATH:
      return { file: TELEMETRY_MIGRATIONS.length };
    case BROKER_PATH:
      return { file: BROKER_MIGRATIONS.length };
    case COMMUNITY_PATH:
      return Object.fromEntries(MIGRATIONS.map(({ folder, steps }) => [folder, steps.length]));
    default:
      return null;
  }
}

/** Older ones are migrated at the start. @throws CodedError `backup.format-newer`. */
export function refuseNewerSchemas({ files, program }: Manifest): void {
  for (const { path, schema = {} } of files) {
    const known = knownOf(path);
    if (known === null) continue;
    for (const [part, version] of Object.entries(schema)) {
      if (version <= (known[part] ?? 0)) continue;
      const message = `${path} of this backup is of version ${program} (${part}: schema ${version}; known here: ${known[part] ?? 'none'})`;
      throw new CodedError('backup.format-newer', message);
    }
  }
}
