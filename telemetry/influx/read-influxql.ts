/** Reading the projection back by InfluxQL over GET /query, alike on 1.x, 2.x (with a DBRP mapping) and 3. */
import type { Quality, Span } from '@commonworks/core';
import { CodedError, isPointName, isSlug, isUuid, QUALITIES, qualityOfRank } from '@commonworks/core';
import type { ReadLast, ReadRange, SeriesKey, SeriesPoint, SeriesSample } from '../port.ts';
import { RANGE_POINTS_MAX } from '../port.ts';

export type InfluxqlSource = {
  readonly url: string;
  readonly database: string;
  /** For 2.x and 3: `Token ...`; for 1.x: `Basic ...`. */
  readonly authorization?: string;
  readonly timeoutMs: number;
};

type Cell = number | string | boolean | null;
/** One series of an answer: its measurement, its tags when grouped, and its rows. */
export type InfluxqlSeries = {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly Cell[])[];
};

/**
 * Times in the answer are epoch milliseconds.
 * @throws CodedError `telemetry.influx-query` when the database refuses the query or cannot be reached.
 */
export async function queryInfluxql(source: InfluxqlSource, query: string): Promise<readonly InfluxqlSeries[]> {
  const url = new URL('query', source.url.endsWith('/') ? source.url : `${source.url}/`);
  url.search = new URLSearchParams({ db: source.database, q: query, epoch: 'ms' }).toString();
  const headers = source.authorization === undefined ? {} : { authorization: source.authorization };
  const signal = AbortSignal.timeout(source.timeoutMs);
  try {
    const response = await fetch(url, { headers, signal });
    const answer = (await response.json()) as {
      error?: string;
      results?: { error?: string; series?: InfluxqlSeries[] }[];
    };
    const [result] = answer.results ?? [];
    const refusal = answer.error ?? result?.error ?? (response.ok ? null : `HTTP ${response.status}`);
    if (refusal === null) return result?.series ?? [];
    throw new CodedError('telemetry.influx-query', refusal, { detail: { query } });
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('telemetry.influx-query', 'the database does not answer', { cause, detail: { query } });
  }
}

export function influxqlLast(source: InfluxqlSource): ReadLast {
  return async (edge) => {
    const where = edge === undefined ? '' : ` WHERE "edge" = ${literal(edge)}`;
    const query = `SELECT "value", "state", "quality" FROM /.*/${where} GROUP BY "edge", "device" ORDER BY time DESC LIMIT 1`;
    const samples: SeriesSample[] = [];
    for (const series of await queryInfluxql(source, query)) {
      const [point] = seriesPoints(series);
      const { name, tags } = series;
      if (point === undefined || tags === undefined || !isPointName(name)) continue;
      samples.push({ edge: tags['edge'] ?? '', device: tags['device'] ?? '', point: name, ...point });
    }
    return samples;
  };
}

export function influxqlRange(source: InfluxqlSource): ReadRange {
  return async (key: SeriesKey, span: Span) => {
    const { edge, device, point } = key;
    const where = `"edge" = ${literal(edge)} AND "device" = ${literal(device)} AND time >= ${ms(span.fromMs)} AND time < ${ms(span.toMs)}`;
    const query = `SELECT "value", "state", "quality" FROM "${point}" WHERE ${where} ORDER BY time ASC LIMIT ${RANGE_POINTS_MAX + 1}`;
    const [series] = await queryInfluxql(source, query);
    const points = series === undefined ? [] : seriesPoints(series);
    if (points.length > RANGE_POINTS_MAX) {
      throw new CodedError('telemetry.range-too-large', `more than ${RANGE_POINTS_MAX} points of ${device}/${point}`);
    }
    return points;
  };
}

function seriesPoints(series: InfluxqlSeries): SeriesPoint[] {
  const column = (name: string) => series.columns.indexOf(name);
  const [time, value, state, quality] = [column('time'), column('value'), column('state'), column('quality')];
  return series.values.map((row) => {
    const found = row[value] ?? row[state] ?? null;
    return { timeMs: Number(row[time]), value: typeof found === 'boolean' ? null : found, quality: rank(row[quality]) };
  });
}

function rank(cell: Cell | undefined): Quality {
  return typeof cell === 'number' && cell < QUALITIES.length ? qualityOfRank(cell) : 'fault';
}

/** Ids have no quote in them; anything else is not an id of ours, and matches nothing. */
function literal(id: string): string {
  return isUuid(id) || isSlug(id) ? `'${id}'` : `''`;
}

/** Whole milliseconds as InfluxQL writes them. */
function ms(timeMs: number): string {
  return `${Math.trunc(timeMs)}ms`;
}
