/** Rows of metering. Energy in whole mWh; quality as its rank; direction 0 imported, 1 exported (bus viewpoint). */
import type { CounterEvent } from '@commonworks/core';
import type { GapMethod } from '@commonworks/core/metering/index.ts';
import type { Generated } from 'kysely';
import type { PendingReason } from './pending-packs.ts';

export type IntervalRow = {
  point_no: number;
  direction: 0 | 1;
  start_ms: number;
  /** Registers at the interval's edges; null when there is none near enough. */
  opening_mwh: number | null;
  closing_mwh: number | null;
  /** Time of the readings behind them. */
  opening_ms: number | null;
  closing_ms: number | null;
  /** energy = closing - opening + step; not zero after a reset, a rollover or a meter swap. */
  step_mwh: number;
  energy_mwh: number | null;
  coverage_ppm: number;
  quality: number;
  opening_source: number | null;
  opening_seq: number | null;
  closing_source: number | null;
  closing_seq: number | null;
  /** How the energy came about where it was not measured at both edges; null when it was. */
  method?: string | null | undefined;
  /** 1 when first derived; rises when a late record changes it. */
  version: number;
};

/**
 * For a producer `offered` is what it gave to be shared (of a storage, the community's part of the discharge), `allocated`
 * what was used of it and `rest` the surplus; for a consumer the residual.
 */
export type IntervalShareRow = {
  point_no: number;
  direction: 0 | 1;
  start_ms: number;
  energy_mwh: number;
  offered_mwh: number;
  allocated_mwh: number;
  rest_mwh: number;
  rounding_micro: number;
};

/** Only of intervals in which the storage was measured; in between it holds what it held. */
export type StorageStateRow = {
  point_no: number;
  start_ms: number;
  community_mwh: number;
  grid_mwh: number;
  /** The least held since 00:00 UTC. */
  least_mwh: number;
  /** Given in the interval without having been in the stock; counted as the grid's. */
  unknown_mwh: number;
  /** Left the stock as lost since the row before. */
  lost_mwh: number;
};

export type MeteringTables = {
  log_cursor: { reader: string; cursor: number };
  /** `hash`: of the entry at the cursor, null where that is none; entries up to `counted_cursor` count as taken. */
  log_place: { reader: string; log: string; generation: number; hash: string | null; counted_cursor: number };
  /** Sequence numbers taken of each source: ranges, both ends included, that do not touch. */
  taken_packs: { edge: string; epoch: string; from_seq: number; to_seq: number };
  /** Each time the log proved to be another than was read. */
  log_change: {
    no: Generated<number>;
    time_ms: number;
    from_log: string;
    from_generation: number;
    from_cursor: number;
    to_log: string;
    to_generation: number;
    common_cursor: number;
  };
  series: { no: Generated<number>; edge: string; device: string; point: string; newest_ms: number };
  source: { no: Generated<number>; edge: string; epoch: string };
  register_sample: {
    series_no: number;
    time_ms: number;
    mwh: number;
    quality: number;
    source_no: number;
    seq: number;
  };
  counter_step: {
    series_no: number;
    time_ms: number;
    kind: CounterEvent['kind'];
    before_mwh: number;
    after_mwh: number;
    credited_mwh: number | null;
    source_no: number;
    seq: number;
  };
  /**
   * `entry`: empty beyond what is kept here, and read from the log again; `receipt`: the hub's clock when it came, JSON;
   * `pack_key`: `epoch/seq`. A cursor below zero is of a log that is no more.
   */
  pending_pack: {
    cursor: number;
    edge: string;
    boot: string;
    entry: string;
    reason: PendingReason;
    receipt: string;
    pack_key: Generated<string>;
  };
  /** `told` counts up within an edge: the one told last is the newest. */
  boot_clock: { boot: string; offset_ms: number; edge: string; told: number };
  /** Steps that were not plain rises, of the intervals derived; what was seen by the register itself, not shifted. */
  counter_judgement: {
    point_no: number;
    direction: 0 | 1;
    time_ms: number;
    kind: CounterEvent['kind'];
    before_mwh: number;
    after_mwh: number;
    /** Null when what flowed cannot be known. */
    credited_mwh: number | null;
  };
  /**
   * The register changed for times that may be derived already; without a point only the sharing did. With an end only
   * the intervals within are derived again, none beside them.
   */
  derive_request: { no: Generated<number>; point_no: number | null; from_ms: number; to_ms: number | null };
  /** States of the judgement of a register to go on from: before the first reading at or after `time_ms`. */
  counter_checkpoint: {
    point_no: number;
    direction: 0 | 1;
    time_ms: number;
    /** As `encodeState` writes it. */
    state: string;
    reach_ms: number | null;
  };
  /** A device's powers of one quarter hour and their squares, summed; mW and W2, drawn and fed apart. */
  power_slot: {
    series_no: number;
    start_ms: number;
    readings: number;
    drawn_mw: number;
    fed_mw: number;
    drawn_w2: number;
    fed_w2: number;
    first_ms: number;
    last_ms: number;
  };
  /** Serial numbers as devices told them: of each in a row the first and the last telling. */
  device_identity: { edge: string; device: string; time_ms: number; serial: string };
  /** How energy over a gap is placed, for gaps that begin from then on. */
  gap_rule: { from_ms: number; method: GapMethod; author: string; created_ms: number };
  interval: IntervalRow;
  interval_share: IntervalShareRow;
  storage_state: StorageStateRow;
  interval_total: {
    start_ms: number;
    tariff: string;
    production_mwh: number;
    consumption_mwh: number;
    allocated_mwh: number;
    /** Metering points that should have a value, and those that have one. */
    expected: number;
    complete: number;
  };
};
