/** Rows of the clocks. */
import type { TimeSource } from '@commonworks/core';
import type { Generated } from 'kysely';

export type ClockTables = {
  /** How far an agent's wall clock was from the hub's, measurement by measurement; the newest holds. */
  edge_clock: {
    no: Generated<number>;
    edge: string;
    boot: string;
    measured_ms: number;
    /** Agent minus hub; null when it was not measured. */
    offset_ms: number | null;
    error_ms: number | null;
    is_trusted: 0 | 1;
    source: TimeSource;
  };
  /** The hub's clock while it was not trusted: its time less the kernel's elapsed time. */
  hub_era: { id: 1; boot: string; origin_ms: number };
};

/** Whose clock a time is of that is not the hub's right time yet: an agent's id, or `hub`; null: it is aligned. */
export type UnalignedClock = string | null;
