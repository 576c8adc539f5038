/** InfluxDB 2.x, 3 and VictoriaMetrics through /api/v2/write: the official client as a plain transport. */
import { HttpError, InfluxDB, Point } from '@influxdata/influxdb-client';
import type { InfluxPoint } from './points.ts';
import type { WritePoints } from './write-outcome.ts';
import { outcomeOfAnswer, outcomeOfFailure } from './write-outcome.ts';

export type V2Target = {
  readonly url: string;
  readonly bucket: string;
  readonly org: string;
  /** Absent for VictoriaMetrics. */
  readonly token?: string | undefined;
  readonly timeoutMs: number;
};

/**
 * The client's buffer drops what it could not send after 180 s and says so only in its log: here its buffer is
 * larger than any batch, its timer and its retries are off, and every batch is one awaited flush.
 */
export function openV2(target: V2Target): WritePoints {
  const { url, timeoutMs: timeout, token } = target;
  const client = new InfluxDB(token === undefined ? { url, timeout } : { url, timeout, token });
  const api = client.getWriteApi(target.org, target.bucket, 'ms', {
    batchSize: 10_000,
    maxBatchBytes: 50_000_000,
    flushInterval: 0,
    maxRetries: 0,
    maxBufferLines: 0,
    writeFailed: (error) => Promise.reject(error),
  });
  return async (points) => {
    api.writePoints(points.map(linePoint));
    try {
      await api.flush();
      return { kind: 'written' };
    } catch (error) {
      if (!(error instanceof HttpError)) return outcomeOfFailure(error);
      const delayMs = error.retryAfter();
      const body = error.body || error.message;
      return outcomeOfAnswer({ status: error.statusCode, body, retryAfterMs: delayMs > 0 ? delayMs : null });
    }
  };
}

function linePoint(point: InfluxPoint): Point {
  const { community, edge, device } = point.tags;
  const line = new Point(point.measurement).tag('community', community).tag('edge', edge).tag('device', device);
  line.intField('quality', point.fields.quality).timestamp(point.timeMs);
  if (point.fields.value !== undefined) line.floatField('value', point.fields.value);
  if (point.fields.state !== undefined) line.stringField('state', point.fields.state);
  return line;
}
