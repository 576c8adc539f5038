/** Rows of the ledger; `body` is the canonical text that was hashed. */

export type LedgerTables = {
  ledger_entry: {
    position: number;
    community: string;
    id: string;
    kind: string;
    /** The local month whose statements show it, `YYYY-MM`. */
    period: string;
    time_ms: number;
    body: string;
    previous: string;
    hash: string;
  };
  ledger_posting: { position: number; line: number; account: string; unit: string; amount: number };
};
