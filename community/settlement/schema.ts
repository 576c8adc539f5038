/** Rows of settlement. */
import type { AllocationMethod } from '@commonworks/core/api/index.ts';

export type SettlementTables = {
  settlement_run: {
    id: string;
    community: string;
    month: string;
    version: number;
    /** The month whose statements show its entries: the month itself, for a correction the first open one. */
    period: string;
    method: AllocationMethod;
    /** JSON array of sentences: what was missing and how it was treated. */
    notes: string;
    production_mwh: number;
    allocated_mwh: number;
    surplus_mwh: number;
    /** JSON array: what each storage took, gave and lost. */
    storage: string;
    /** Canonical JSON of the run's header: period, points, owners, key versions, prices. */
    header: string;
    inputs_hash: string;
    results_hash: string;
    /** Hash of the ledger's newest entry once this run was posted. */
    ledger_head: string;
    created_ms: number;
  };
  /** zlib-compressed canonical lines, one per metering point, direction and interval of that local day. */
  settlement_day: { run: string; day: string; inputs: Uint8Array; results: Uint8Array };
};
