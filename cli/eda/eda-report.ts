/** An energy data report of the EDA platform in our words: per metering point what was measured and what was allocated. */
import type { Mwh } from '@commonworks/core';

/** One value an interval; null where the report is blank. */
export type Column = (Mwh | null)[];

export type EdaConsumer = {
  readonly id: string;
  /** Measured consumption, `1-1:1.9.0 G.01`. */
  readonly consumed: Column;
  /** The operator's own result: share offered, `1-1:2.9.0 G.02`. */
  readonly offered: Column;
  /** The operator's own result: share covered, `1-1:2.9.0 G.03`. */
  readonly covered: Column;
};

export type EdaProducer = {
  readonly id: string;
  /** Measured generation, `1-1:2.9.0 G.01`. */
  readonly generated: Column;
  /** The operator's own result: surplus, `1-1:2.9.0 P.01`. */
  readonly surplus: Column;
};

export type EdaInterval = {
  readonly startMs: number;
  /** ISO 8601 with the zone's offset. */
  readonly start: string;
  readonly line: number;
  /** Position in `sources`. */
  readonly source: number;
};

/** A run of rows written by one system; reports have been seen that two systems wrote. */
export type EdaSource = {
  readonly stampForm: 'yyyy-mm-dd' | 'dd.mm.yyyy';
  readonly firstLine: number;
  lastLine: number;
  rows: number;
  /** Rows whose values carry a quality such as L1. */
  ratedRows: number;
  /** Title of the column that holds the generation: the two change places between systems. */
  generationIn: 'total' | 'surplus';
};

export type EdaReport = {
  readonly intervals: readonly EdaInterval[];
  readonly consumers: readonly EdaConsumer[];
  readonly producers: readonly EdaProducer[];
  readonly sources: readonly EdaSource[];
  /** Consumers and producers that are named but have no value at all. */
  readonly silentConsumers: readonly string[];
  readonly silentProducers: readonly string[];
  /** Values by their quality code, `blank` for none; L1 measured, L2 and L3 substituted. */
  readonly qualities: Readonly<Record<string, number>>;
};
