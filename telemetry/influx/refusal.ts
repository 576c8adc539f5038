/** What a database says of the points it refused: where to look for them, and proof only where it accounts for all of them. */

export type Refusal = {
  /** For people; without the counts, which differ from request to request. */
  readonly reason: string;
  /** `dropped=N` of 1.x and 2.x. They report one of the shards a request touches: at least so many were refused. */
  readonly dropped: number | null;
  /** The lines that 3 names, counted from 0. */
  readonly lines: readonly { readonly at: number; readonly reason: string }[];
  /** All refused lines are named and the others stored (`accept_partial=true`), not only the first of them. */
  readonly isListComplete: boolean;
  /** The field whose type is refused; 3 leaves the measurement to be read from the line. */
  readonly conflict: { readonly measurement: string | null; readonly field: string } | null;
  /** Refused for its time alone: older than the retention period. */
  readonly isByTime: boolean;
};

const REASON_MAX = 300;

/** The words of 1.x and 2.x: tsdb/shard.go of influxdb 1.6 to 2.7. */
const CONFLICT = /field type conflict: input field "([^"]+)" on measurement "([^"]+)" is type/;
/** The words of 3: https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/#partial-writes */
const COLUMN_CONFLICT = /type for column '([^']+)'/;
/** 1.6 says "points beyond retention policy", 2.7 "dropped 4 points outside retention policy of duration". */
const TOO_OLD = /points (?:beyond|outside) retention policy/;
const DROPPED = /\bdropped=(\d+)/;
const COUNTS = /\s*\bdropped=\d+.*$|\bdropped \d+ (?=points)/gs;
/** Cloud Dedicated and Clustered name lines in their text. */
const LINE_IN_TEXT = /\bline (\d+) \(1-based\)/g;

type Detail = { readonly error_message?: unknown; readonly line_number?: unknown };
type Body = { readonly error?: unknown; readonly message?: unknown; readonly data?: unknown };

/** Never throws: a text it does not understand is a reason without evidence. */
export function readRefusal(text: string): Refusal {
  const body = jsonWithin(text);
  const said = [body?.error, body?.message].find((part) => typeof part === 'string') ?? text;
  const lines = linesIn(body?.data, said);
  const reason = lines[0]?.reason ?? reasonIn(said);
  const dropped = Number(DROPPED.exec(said)?.[1] ?? 0);
  return {
    reason,
    dropped: dropped > 0 ? dropped : null,
    lines,
    isListComplete: said.startsWith('partial write of line protocol'),
    conflict: conflictIn(reason),
    isByTime: TOO_OLD.test(said),
  };
}

/** True when the answer shows that the database understood the request: then points are at fault, not a setting. */
export function isExplained({ dropped, lines, conflict, isByTime }: Refusal): boolean {
  return dropped !== null || lines.length > 0 || conflict !== null || isByTime;
}

/** `data` is a list of lines when 3 stored the others, else the first bad line alone. */
function linesIn(data: unknown, said: string): Refusal['lines'] {
  const details = ([data].flat() as (Detail | null | undefined)[]).filter((item) => item != null);
  const named = details.map(({ line_number: number, error_message: reason }) => ({ number, reason }));
  if (named.length === 0) named.push(...[...said.matchAll(LINE_IN_TEXT)].map((m) => ({ number: m[1], reason: said })));
  return named
    .map(({ number, reason }) => ({
      at: Number(number) - 1,
      reason: reasonIn(typeof reason === 'string' ? reason : said),
    }))
    .filter(({ at }) => Number.isSafeInteger(at) && at >= 0);
}

function reasonIn(words: string): string {
  return words.replace(COUNTS, '').trim().slice(0, REASON_MAX);
}

function conflictIn(words: string): Refusal['conflict'] {
  const [, field, measurement] = CONFLICT.exec(words) ?? [];
  if (field !== undefined && measurement !== undefined) return { measurement, field };
  const [, column] = COLUMN_CONFLICT.exec(words) ?? [];
  return column === undefined ? null : { measurement: null, field: column };
}

/** The client for 1.x puts words of its own before the answer. */
function jsonWithin(text: string): Body | null {
  const start = text.indexOf('{');
  if (start < 0) return null;
  try {
    return JSON.parse(text.slice(start)) as Body;
  } catch {
    return null;
  }
}
