/** Rows of the workshop. */
import type { Activity } from '@commonworks/core';
import type { UnalignedClock } from '../clocks/schema.ts';

export type SessionRow = {
  id: string;
  community: string;
  machine: string;
  member: string;
  /** `badge` or `web`. */
  started_by: string;
  start_ms: number;
  end_ms: number | null;
  /** The machine meter's register next before the begin and the end; null when there was none near enough. */
  opening_mwh: number | null;
  closing_mwh: number | null;
  price_per_hour: string;
  /** Null until the session is closed: ended, and everything up to its end was heard. */
  closed_ms: number | null;
  running_s: number | null;
  idle_s: number | null;
  unknown_s: number | null;
  charge_minor: number | null;
  /** Ledger entry; null while open and when nothing was to be paid. */
  ledger_entry: string | null;
  /** The badge that began it; null on the web, and before this was kept. */
  badge: string | null;
  /** Whose clock the begin and the end are of while they are not in the hub's right time: then the charge waits. */
  start_clock: UnalignedClock;
  end_clock: UnalignedClock;
};

export type WorkshopTables = {
  booking: {
    id: string;
    community: string;
    machine: string;
    member: string;
    from_ms: number;
    to_ms: number;
    status: 'booked' | 'cancelled';
    created_ms: number;
  };
  /** What the register does not say: which reader belongs to a machine, and from which power on it runs. */
  machine_setting: {
    machine: string;
    reader_edge: string | null;
    reader_device: string | null;
    off_below_w: number;
    idle_below_w: number;
    running_from_w: number;
  };
  /** The last that was heard of a machine. */
  machine_watch: {
    machine: string;
    time_ms: number;
    activity: Activity;
    since_ms: number;
    boot: string;
    source: string;
    /** 1 when the machine tells changes only: then it goes on as it was while its edge is heard. */
    is_told: 0 | 1;
    register_ms: number | null;
    register_mwh: number | null;
    clock: UnalignedClock;
  };
  /** What the machine did when; neighbours differ in activity or do not touch. */
  machine_activity: {
    machine: string;
    from_ms: number;
    to_ms: number;
    activity: Activity;
    source: string;
    clock: UnalignedClock;
  };
  session: SessionRow;
  /** Badges that started nothing, and why: the operator helps with these. */
  badge_refusal: { badge: string; edge: string; reader: string; at_ms: number; code: string; message: string };
};
