/** How each kind of server answers to a write with bad lines in it, and what it stores of it: from their documentation. */

/**
 * `1`: 1.x on /write. Good lines are stored; "partial write: ... dropped=N" counts those of one shard, a line that cannot
 *   be parsed counts 0. https://docs.influxdata.com/influxdb/v1/tools/api/#write-http-endpoint,
 *   https://docs.influxdata.com/influxdb/v1/troubleshooting/errors/; the counting was seen on 1.6.7.
 * `2`: 2.x. 422 like 1.x, but one line that cannot be parsed refuses the request with 400.
 *   https://docs.influxdata.com/influxdb/v2/write-data/troubleshoot/
 * `2-strict`: "the first rejected point in a batch causes InfluxDB to reject the entire batch", as that page said until
 *   2025 (influxdata/docs-v2#6071): its words, no count, nothing stored.
 * `3`: 400, good lines stored, every bad one named (`accept_partial=true`, what /api/v2/write does).
 * `3-strict`: 400, nothing stored, the first bad line named (`accept_partial=false`).
 *   https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/#partial-writes
 * `mute`: no InfluxDB: a gateway that refuses a request as a whole and tells nothing of the ground.
 */
export const STUB_DIALECTS = ['1', '2', '2-strict', '3', '3-strict', 'mute'] as const;
export type StubDialect = (typeof STUB_DIALECTS)[number];

export type StubAnswer = { readonly status: number; readonly retryAfterS?: number; readonly message?: string };

/** One line of line protocol; `key` is its series and time. */
export type StubLine = {
  readonly text: string;
  readonly key: string;
  readonly measurement: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly timeMs: number;
};

export type StubFault = { readonly kind: 'conflict'; readonly field: string } | { readonly kind: 'old' | 'syntax' };

type Judged = { readonly line: StubLine; readonly fault: StubFault | null; readonly number: number };
type Bad = Judged & { readonly fault: StubFault };

/** The documented default for data kept for ever. */
const SHARD_MS = 7 * 86_400_000;

export function parseLine(text: string): StubLine {
  const [, series = '', body = '', time = ''] = /^(\S+) (.*) (\d+)$/.exec(text) ?? [];
  const [measurement = '', ...tags] = series.split(',');
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of body.matchAll(/(\w+)=("[^"]*"|[^,]*)/g)) fields.set(name, value);
  return { text, key: `${[measurement, ...tags.sort()].join()} ${time}`, measurement, fields, timeMs: Number(time) };
}

/** Null: all is well. `isStored` tells of the good lines. */
export function refuse(
  lines: readonly StubLine[],
  dialect: StubDialect,
  faultOf: (line: StubLine) => StubFault | null,
): { answer: StubAnswer; isStored: boolean } | null {
  const judged = lines.map((line, i): Judged => ({ line, fault: faultOf(line), number: i + 1 }));
  const bad = judged.filter((item): item is Bad => item.fault !== null);
  const [first] = bad;
  if (first === undefined) return null;
  if (dialect === 'mute') return told(400, { message: 'Bad Request' }, false);
  if (dialect === '3')
    return told(400, { error: 'partial write of line protocol occurred', data: bad.map(detail) }, true);
  if (dialect === '3-strict')
    return told(400, { error: 'parsing failed for write_lp endpoint', data: detail(first) }, false);
  return refuseTsm({ bad, first, isAll: bad.length === lines.length }, dialect);
}

function refuseTsm({ bad, first, isAll }: { bad: Bad[]; first: Bad; isAll: boolean }, dialect: '1' | '2' | '2-strict') {
  const syntax = bad.find(({ fault }) => fault.kind === 'syntax');
  const unparsed = `unable to parse '${syntax?.line.text}': bad timestamp`;
  if (dialect !== '1') {
    if (syntax !== undefined) return told(400, { code: 'invalid', message: unparsed }, false);
    const words = `failure writing points to database: ${dialect === '2' ? partial(bad) : tsmReason(first)}`;
    return told(422, { code: 'unprocessable entity', message: words }, dialect === '2');
  }
  const written = bad.filter((item) => item !== syntax && item.fault.kind !== 'syntax');
  if (written.length > 0) return told(400, { error: partial(written) }, true);
  return told(400, { error: isAll ? unparsed : `partial write: ${unparsed} dropped=0` }, !isAll);
}

/** Points too old are sorted out before the shards; the first shard with an error of its own speaks instead of them. */
function partial(bad: readonly Bad[]): string {
  const conflicts = bad.filter(({ fault }) => fault.kind === 'conflict');
  const [first] = conflicts;
  const counted = first === undefined ? bad : conflicts.filter(({ line }) => shardOf(line) === shardOf(first.line));
  return `partial write: ${tsmReason(first ?? bad[0])} dropped=${counted.length}`;
}

function tsmReason(bad: Bad | undefined): string {
  if (bad?.fault.kind !== 'conflict') return 'points beyond retention policy';
  const { line, fault } = bad;
  return `field type conflict: input field "${fault.field}" on measurement "${line.measurement}" is type float, already exists as type string`;
}

function detail({ line, fault, number }: Bad) {
  const reason =
    fault.kind === 'conflict'
      ? `invalid column type for column '${fault.field}', expected iox::column_type::field::string, got iox::column_type::field::float`
      : fault.kind === 'old'
        ? 'the time is out of range'
        : 'No fields were provided';
  return { original_line: line.text, line_number: number, error_message: reason };
}

function shardOf({ timeMs }: StubLine): number {
  return Math.floor(timeMs / SHARD_MS);
}

function told(status: number, body: object, isStored: boolean) {
  return { answer: { status, message: JSON.stringify(body) }, isStored };
}
