/** Whose the rows are that edges fill, and what is left to each edge of what stays for ever. */
import type { FolderMigrations } from '../migrate.ts';

/** Boots are kept as `edge/boot`. `boot_clock.told` counts up with each telling; `alarm.edge` is a name, null for the hub. */
const VERSION_1 = `
  ALTER TABLE pending_pack ADD COLUMN edge TEXT NOT NULL DEFAULT '';
  UPDATE pending_pack SET edge = substr(boot, 1, instr(boot, '/') - 1);
  CREATE INDEX pending_pack_whole ON pending_pack (edge, cursor) WHERE entry <> '' AND reason <> 'refused';
  CREATE INDEX pending_pack_refused ON pending_pack (edge, cursor) WHERE reason = 'refused';
  ALTER TABLE boot_clock ADD COLUMN edge TEXT NOT NULL DEFAULT '';
  ALTER TABLE boot_clock ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
  UPDATE boot_clock SET edge = substr(boot, 1, instr(boot, '/') - 1);
  CREATE INDEX boot_clock_told ON boot_clock (edge, told);
  CREATE INDEX device_reach_told ON device_reach (edge, at_ms);
  CREATE INDEX badge_refusal_edge ON badge_refusal (edge);
  ALTER TABLE alarm ADD COLUMN edge TEXT;
  CREATE INDEX alarm_ended ON alarm (edge, since_ms) WHERE until_ms IS NOT NULL;
  CREATE TABLE edge_allowance (
    edge TEXT NOT NULL, budget TEXT NOT NULL, left REAL NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (edge, budget)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE edge_over (
    edge TEXT NOT NULL, budget TEXT NOT NULL, since_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (edge, budget)
  ) STRICT, WITHOUT ROWID;
`;

/** After everybody to whose tables it adds. */
export const EDGE_BUDGET_MIGRATIONS: FolderMigrations = { folder: 'edge-budgets', steps: [VERSION_1] };
