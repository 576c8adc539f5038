/** The tables of community.db as types: each folder describes its own. */
import type { AuditTables } from './audit/schema.ts';
import type { ClockTables } from './clocks/schema.ts';
import type { ClosingTables } from './closing/schema.ts';
import type { ControlTables } from './control/schema.ts';
import type { EdgeBudgetTables } from './edge-budgets/schema.ts';
import type { LedgerTables } from './ledger/schema.ts';
import type { LiveTables } from './live/schema.ts';
import type { MeterSwapTables } from './meter-swap/schema.ts';
import type { MeteringTables } from './metering/schema.ts';
import type { RegisterTables } from './register/schema.ts';
import type { SettlementTables } from './settlement/schema.ts';
import type { WorkshopTables } from './workshop/schema.ts';

export type CommunityDatabase = RegisterTables &
  MeteringTables &
  LedgerTables &
  SettlementTables &
  WorkshopTables &
  ControlTables &
  LiveTables &
  ClockTables &
  ClosingTables &
  MeterSwapTables &
  EdgeBudgetTables &
  AuditTables;
