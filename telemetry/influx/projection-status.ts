/** What one target of the projection is doing, for GET /status and for an alarm. */
import type { ErrorCode } from '@commonworks/core';
import type { InfluxPoint } from './points.ts';

/** A point the database would not take; the reading itself is safe in the log. */
export type RefusedLetter = {
  readonly atMs: number;
  readonly cursor: number;
  readonly count: number;
  readonly first: InfluxPoint;
  readonly reason: string;
};

export type TargetStatus = {
  readonly name: string;
  /** `waiting`: the database cannot be written now, and everything stays in the log until it can. */
  readonly state: 'starting' | 'writing' | 'caught-up' | 'waiting' | 'stopped';
  /** Everything up to here is in the database. Its distance to the log's head is the lag in packs. */
  readonly cursor: number;
  /** How long the oldest pack known to be missing there has waited; 0 when caught up. */
  readonly lagMs: number;
  readonly pointsWritten: number;
  readonly pointsRefused: number;
  /** Samples whose time is not trusted yet, and packs that could not be read: both stay in the log only. */
  readonly samplesUntimed: number;
  readonly packsUnreadable: number;
  readonly lastWriteMs: number | null;
  readonly trouble: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly sinceMs: number;
    readonly attempts: number;
  } | null;
  readonly letters: readonly RefusedLetter[];
};
