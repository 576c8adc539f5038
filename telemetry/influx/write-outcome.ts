/** What a database may answer to a write, as data: the projection decides what to do, the adapters only report. */
import type { ErrorCode } from '@commonworks/core';
import type { InfluxPoint } from './points.ts';

export type WriteOutcome =
  | { readonly kind: 'written' }
  /** Something in these points is not accepted; the others may already be stored. */
  | { readonly kind: 'rejected'; readonly message: string }
  | { readonly kind: 'too-large'; readonly message: string }
  /** Not the points' fault: the same batch again, later. */
  | { readonly kind: 'wait'; readonly code: ErrorCode; readonly message: string; readonly retryAfterMs: number | null };

/** Writes all points in one request, or says why not; never buffers, never retries, never throws. */
export type WritePoints = (points: readonly InfluxPoint[]) => Promise<WriteOutcome>;

export type HttpAnswer = { readonly status: number; readonly message: string; readonly retryAfterMs: number | null };

/** Status codes as documented for /write (1.x) and /api/v2/write (2.x, 3). */
export function outcomeOfAnswer(answer: HttpAnswer): WriteOutcome {
  const { status, message, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return { kind: 'written' };
  if (status === 400 || status === 422) return { kind: 'rejected', message };
  if (status === 413) return { kind: 'too-large', message };
  if (status === 401 || status === 403) return { kind: 'wait', code: 'telemetry.influx-login', message, retryAfterMs };
  if (status === 404) return { kind: 'wait', code: 'telemetry.influx-database', message, retryAfterMs };
  return { kind: 'wait', code: 'telemetry.influx-unavailable', message, retryAfterMs };
}

/** A failure below HTTP: refused, reset, timed out, or no such host. */
export function outcomeOfFailure(error: unknown): WriteOutcome {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return { kind: 'wait', code: 'telemetry.influx-unavailable', message, retryAfterMs: null };
}
