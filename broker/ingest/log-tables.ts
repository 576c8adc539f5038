/** Everything one commit writes to, on an open telemetry.db, with the budgets of its edges. */
import type { DatabaseSync } from 'node:sqlite';
import { EDGE_BUDGETS, type EdgeBudgets, Overruns } from '@commonworks/telemetry/edge-budgets.ts';
import { BootClocks } from '@commonworks/telemetry/log/boot-clocks.ts';
import { DeadLetters } from '@commonworks/telemetry/log/dead-letters.ts';
import { PackLog } from '@commonworks/telemetry/log/pack-log.ts';
import { Quarantine } from '@commonworks/telemetry/log/quarantine.ts';
import { SeriesTables } from '@commonworks/telemetry/series/series-tables.ts';

export type LogTables = {
  readonly log: PackLog;
  readonly letters: DeadLetters;
  readonly quarantine: Quarantine;
  readonly clocks: BootClocks;
  /** Beyond which budgets this commit went. */
  readonly overruns: Overruns;
};

export type CommitTables = LogTables & { readonly db: DatabaseSync; readonly series: SeriesTables };

export type LogTablesOptions = {
  readonly budgets?: EdgeBudgets | undefined;
  /** Of the log's generation: new entries get no lower cursor. */
  readonly firstCursor?: () => number;
};

export function openLogTables(db: DatabaseSync, options: LogTablesOptions = {}): CommitTables {
  const { budgets = EDGE_BUDGETS, firstCursor } = options;
  return {
    db,
    log: new PackLog(db, budgets, firstCursor),
    letters: new DeadLetters(db, budgets),
    quarantine: new Quarantine(db, budgets),
    clocks: new BootClocks(db, budgets),
    series: new SeriesTables(db, budgets),
    overruns: new Overruns(),
  };
}

/** What is kept in memory follows the transaction. */
export function committed({ log, letters, quarantine, series }: CommitTables): void {
  for (const table of [log, letters, quarantine, series]) table.committed();
}

export function rolledBack({ log, letters, quarantine, series, overruns }: CommitTables): void {
  for (const table of [log, letters, quarantine, series]) table.rolledBack();
  overruns.take();
}
