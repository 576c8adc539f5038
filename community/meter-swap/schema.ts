/** Rows of the exchange of meters. */
export type MeterSwapTables = {
  /** One row for each register of the point: what the old meter showed at last and the new one at first. */
  meter_swap: {
    point_no: number;
    direction: 0 | 1;
    time_ms: number;
    final_mwh: number;
    first_mwh: number;
    old_serial: string;
    new_serial: string;
    /** Member id. */
    author: string;
    reason: string;
    created_ms: number;
    /** Names the exchange among the sources of readings. */
    source_no: number;
  };
};
