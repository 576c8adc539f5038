/** The telemetry port: what a series store can do, how the log is read, and where its followers keep their place. */
import type { LogEntry, PointName, Quality, Sample, Span } from '@commonworks/core';

export type SeriesKey = { readonly edge: string; readonly device: string; readonly point: PointName };

export type SeriesSample = Sample & { readonly edge: string };

/** `value` is null when there was nothing usable; `quality` says why. */
export type SeriesPoint = {
  readonly timeMs: number;
  readonly value: number | string | null;
  readonly quality: Quality;
};

/** A second, different value for the same series and time; `kept` is the one that stays. */
export type SampleConflict = { readonly sample: SeriesSample; readonly kept: SeriesPoint };

export type AppendReport = {
  readonly added: number;
  /** Samples that were there already, with the same value and quality. */
  readonly repeated: number;
  readonly conflicts: readonly SampleConflict[];
};

/** Durable when it resolves. Appending the same samples again changes nothing. */
export type AppendSamples = (samples: readonly SeriesSample[]) => Promise<AppendReport>;

/** The newest sample of every series, of one edge or of all. */
export type ReadLast = (edge?: string) => Promise<readonly SeriesSample[]>;

/**
 * From inclusive, to exclusive, ascending time; an unknown series is empty.
 * @throws CodedError `telemetry.range-too-large` when there are more than `RANGE_POINTS_MAX` points.
 */
export type ReadRange = (key: SeriesKey, span: Span) => Promise<readonly SeriesPoint[]>;

export type SeriesStore = {
  readonly append: AppendSamples;
  readonly last: ReadLast;
  readonly range: ReadRange;
  [Symbol.asyncDispose](): Promise<void>;
};

export const RANGE_POINTS_MAX = 200_000;

/** Entries with a cursor above `afterCursor`, oldest first, at most `limit` (<= 1000); empty at the head of the log. */
export type LogReader = (afterCursor: number, limit: number) => Promise<readonly LogEntry[]>;

/** Where a follower of the log stands: everything up to and including the cursor has reached it. 0 at first. */
export type CursorStore = {
  readonly get: (sink: string) => Promise<number>;
  readonly set: (sink: string, cursor: number) => Promise<void>;
};
