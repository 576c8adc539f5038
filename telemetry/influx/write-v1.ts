/** InfluxDB 1.x (and anything else with /write): the npm client `influx` as a plain transport. */
import { POINTS } from '@commonworks/core';
import { FieldType, InfluxDB } from 'influx';
import type { HttpAnswer, WriteOutcome, WritePoints } from './write-outcome.ts';
import { outcomeOfAnswer, outcomeOfFailure } from './write-outcome.ts';

export type V1Target = {
  readonly url: string;
  readonly database: string;
  /** `user:password`; absent for a database without log-in. */
  readonly secret?: string | undefined;
  readonly timeoutMs: number;
};

/** The client's own pool would hide a failed host behind "no host available": a delay of 0 switches that off. */
const noBackOff = { getDelay: () => 0, next: () => noBackOff, reset: () => noBackOff };

export function openV1(target: V1Target): WritePoints {
  const client = new InfluxDB({ ...connection(target), schema: schemaOf(target.database) });
  return async (points) => {
    const records = points.map((point) => ({ ...point, timestamp: String(point.timeMs), timeMs: undefined }));
    const write = () =>
      client
        .writePoints(records, { precision: 'ms', database: target.database })
        .then(() => ({ kind: 'written' }) as const, readFailure);
    const outcome = await write();
    if (outcome.kind !== 'wait' || outcome.code !== 'telemetry.influx-database') return outcome;
    // 404 is "database not found": creating it is harmless where it exists, and refused where we may not.
    const created = await client.createDatabase(target.database).then(() => null, readFailure);
    return created === null ? await write() : outcome;
  };
}

function connection(target: V1Target) {
  const url = new URL(target.url);
  const isSecure = url.protocol === 'https:';
  const colon = target.secret?.indexOf(':') ?? -1;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    protocol: isSecure ? ('https' as const) : ('http' as const),
    path: url.pathname === '/' ? '' : url.pathname.replace(/\/$/, ''),
    database: target.database,
    username: target.secret === undefined ? '' : target.secret.slice(0, Math.max(colon, 0)),
    password: target.secret === undefined ? '' : target.secret.slice(colon + 1),
    pool: { backoff: noBackOff, maxRetries: 0, requestTimeout: target.timeoutMs },
  };
}

/** Declared types, else the client writes every number as a float and the rank of quality with it. */
function schemaOf(database: string) {
  return Object.entries(POINTS).map(([measurement, point]) => ({
    database,
    measurement,
    tags: ['community', 'edge', 'device'],
    fields: {
      quality: FieldType.INTEGER,
      ...(point.kind === 'state' ? { state: FieldType.STRING } : { value: FieldType.FLOAT }),
    },
  }));
}

/** The client's request error carries the response; its other errors carry nothing but a text. */
function readFailure(error: unknown): WriteOutcome {
  const answer = httpAnswer(error);
  return answer === null ? outcomeOfFailure(error) : outcomeOfAnswer(answer);
}

function httpAnswer(error: unknown): HttpAnswer | null {
  if (!(error instanceof Error) || !('res' in error)) return null;
  const { res } = error as { res?: { statusCode?: number; headers?: Record<string, string | undefined> } };
  if (res?.statusCode === undefined) return null;
  const seconds = Number(res.headers?.['retry-after']);
  const retryAfterMs = seconds > 0 ? seconds * 1000 : null;
  return { status: res.statusCode, body: error.message, retryAfterMs };
}
