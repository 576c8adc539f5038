/** What a database may answer to a write, as data: the projection decides what to do, the adapters only report. */
import type { ErrorCode } from '@commonworks/core';
import type { InfluxPoint } from './points.ts';
import type { Refusal } from './refusal.ts';
import { readRefusal } from './refusal.ts';

export type Wait = {
  readonly kind: 'wait';
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterMs: number | null;
};

export type WriteOutcome =
  | { readonly kind: 'written' }
  /** Something in these points is not accepted; the others may already be stored. */
  | { readonly kind: 'rejected'; readonly refusal: Refusal }
  | { readonly kind: 'too-large'; readonly message: string }
  /** Not the points' fault: the same points again, later. */
  | Wait;

/** Writes all points in one request, a line for each in their order, or says why not; never buffers, retries or throws. */
export type WritePoints = (points: readonly InfluxPoint[]) => Promise<WriteOutcome>;

export type HttpAnswer = { readonly status: number; readonly body: string; readonly retryAfterMs: number | null };

/** Status codes as documented for /write (1.x) and /api/v2/write (2.x, 3). */
export function outcomeOfAnswer({ status, body, retryAfterMs }: HttpAnswer): WriteOutcome {
  if (status >= 200 && status < 300) return { kind: 'written' };
  // 2.0 answered 500 to a partial write (influxdata/influxdb#19779).
  const isPartial = status === 500 && body.includes('partial write: ');
  if (status === 400 || status === 422 || isPartial) return { kind: 'rejected', refusal: readRefusal(body) };
  const message = body.slice(0, 500);
  if (status === 413) return { kind: 'too-large', message };
  if (status === 401 || status === 403) return { kind: 'wait', code: 'telemetry.influx-login', message, retryAfterMs };
  if (status === 404) return { kind: 'wait', code: 'telemetry.influx-database', message, retryAfterMs };
  return { kind: 'wait', code: 'telemetry.influx-unavailable', message, retryAfterMs };
}

/** A failure below HTTP: refused, reset, timed out, or no such host. */
export function outcomeOfFailure(error: unknown): Wait {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return { kind: 'wait', code: 'telemetry.influx-unavailable', message, retryAfterMs: null };
}
