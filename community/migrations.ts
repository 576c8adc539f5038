/** The schema of the whole file, folder by folder; later folders may refer to earlier ones. */
import { AUDIT_MIGRATIONS } from './audit/migrations.ts';
import { BADGE_MIGRATIONS } from './badges/migrations.ts';
import { CLOCK_MIGRATIONS } from './clocks/migrations.ts';
import { CLOSING_MIGRATIONS } from './closing/migrations.ts';
import { CONTROL_MIGRATIONS } from './control/migrations.ts';
import { EDGE_BUDGET_MIGRATIONS } from './edge-budgets/migrations.ts';
import { LEDGER_MIGRATIONS } from './ledger/migrations.ts';
import { LIVE_MIGRATIONS } from './live/migrations.ts';
import { METER_SWAP_MIGRATIONS } from './meter-swap/migrations.ts';
import { METERING_MIGRATIONS } from './metering/migrations.ts';
import type { FolderMigrations } from './migrate.ts';
import { REGISTER_MIGRATIONS } from './register/migrations.ts';
import { SETTLEMENT_MIGRATIONS } from './settlement/migrations.ts';
import { WORKSHOP_MIGRATIONS } from './workshop/migrations.ts';

export const MIGRATIONS: readonly FolderMigrations[] = [
  REGISTER_MIGRATIONS,
  METERING_MIGRATIONS,
  LEDGER_MIGRATIONS,
  SETTLEMENT_MIGRATIONS,
  WORKSHOP_MIGRATIONS,
  CONTROL_MIGRATIONS,
  LIVE_MIGRATIONS,
  BADGE_MIGRATIONS,
  CLOCK_MIGRATIONS,
  CLOSING_MIGRATIONS,
  METER_SWAP_MIGRATIONS,
  EDGE_BUDGET_MIGRATIONS,
  AUDIT_MIGRATIONS,
];
