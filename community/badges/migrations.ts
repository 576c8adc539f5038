/** What the register and the workshop learnt later about badges: since when one counts, when it was last shown. */
import type { FolderMigrations } from '../migrate.ts';

const VERSION_1 = `
  ALTER TABLE badge ADD COLUMN registered_ms INTEGER;
  ALTER TABLE badge ADD COLUMN last_shown_ms INTEGER;
  CREATE INDEX badge_member ON badge (member);
  CREATE INDEX badge_refusal_badge ON badge_refusal (badge, at_ms);
`;

/** After the register and the workshop, whose tables these are. */
export const BADGE_MIGRATIONS: FolderMigrations = { folder: 'badges', steps: [VERSION_1] };
