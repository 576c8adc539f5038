/** One target follows the log: read, write, and only then move its cursor. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock, LogEntry, ProjectionStatus } from '@commonworks/core';
import { decodePack, isCoded } from '@commonworks/core';
import type { ProjectionLimits } from './limits.ts';
import { backOffMs } from './limits.ts';
import type { InfluxPoint } from './points.ts';
import { pointsOfPack } from './points.ts';
import type { BatchResult, RefusedPoints } from './write-batch.ts';
import { writeBatch } from './write-batch.ts';
import type { WriteOutcome, WritePoints } from './write-outcome.ts';
import { outcomeOfFailure } from './write-outcome.ts';

type Wait = Extract<WriteOutcome, { kind: 'wait' }>;
export type ProjectionLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;
export type Cursors = {
  /** 0 when the name was never set. */
  readonly get: (name: string) => Promise<number> | number;
  readonly set: (name: string, cursor: number) => Promise<void> | void;
};

export type TargetLoopOptions = {
  readonly name: string;
  readonly community: string;
  readonly write: WritePoints;
  readonly readLog: (afterCursor: number, limit: number, signal: AbortSignal) => Promise<readonly LogEntry[]>;
  readonly cursors: Cursors;
  readonly now: Clock;
  readonly log: ProjectionLog;
  readonly limits: ProjectionLimits;
  readonly signal: AbortSignal;
};

type Trouble = NonNullable<ProjectionStatus['trouble']>;
type Letter = ProjectionStatus['letters'][number];

export class TargetLoop {
  readonly #options: TargetLoopOptions;
  #state: ProjectionStatus['state'] = 'starting';
  #cursor = 0;
  #oldestWaitingMs: number | null = null;
  #counts = { pointsWritten: 0, pointsRefused: 0, samplesUntimed: 0, packsUnreadable: 0 };
  #lastWriteMs: number | null = null;
  #trouble: Trouble | null = null;
  #letters: Letter[] = [];

  constructor(options: TargetLoopOptions) {
    this.#options = options;
  }

  status(): ProjectionStatus {
    const { name, now } = this.#options;
    const lagMs = this.#oldestWaitingMs === null ? 0 : Math.max(0, now() - this.#oldestWaitingMs);
    return {
      name,
      state: this.#state,
      cursor: this.#cursor,
      lagMs,
      ...this.#counts,
      lastWriteMs: this.#lastWriteMs,
      trouble: this.#trouble,
      letters: [...this.#letters],
    };
  }

  /** Runs until the signal; resolves then, also in the middle of a request: its batch is simply sent again. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    let isPositioned = false;
    while (!signal.aborted) {
      try {
        if (!isPositioned) this.#cursor = await this.#options.cursors.get(this.#cursorName());
        isPositioned = true;
        await this.#step();
      } catch (error) {
        if (!signal.aborted) await this.#waitOut(waitOf(error));
      }
    }
    this.#state = 'stopped';
  }

  async #step(): Promise<void> {
    const { readLog, limits, signal } = this.#options;
    const entries = await readLog(this.#cursor, limits.entriesMax, signal);
    const last = entries.at(-1);
    if (last === undefined) {
      this.#oldestWaitingMs = null;
      this.#recover();
      this.#state = 'caught-up';
      await pause(limits.idleMs, undefined, { signal });
      return;
    }
    this.#oldestWaitingMs = entries[0]?.receivedMs ?? null;
    const batch = this.#pointsOf(entries);
    const result = await untilAborted(this.#writeGuarded(batch.points), signal);
    if (result.kind === 'wait') return await this.#waitOut(result);
    await this.#options.cursors.set(this.#cursorName(), last.cursor);
    this.#cursor = last.cursor;
    this.#account(batch, result);
  }

  #pointsOf(entries: readonly LogEntry[]) {
    const points: InfluxPoint[] = [];
    let untimed = 0;
    let unreadable = 0;
    for (const entry of entries) {
      try {
        const part = pointsOfPack(decodePack(entry.body).pack, this.#options.community);
        for (const point of part.points) points.push(point);
        untimed += part.untimed;
      } catch (error) {
        if (!isCoded(error, 'core.pack-malformed')) throw error;
        unreadable++;
      }
    }
    return { points, untimed, unreadable };
  }

  /** When not one point was accepted, a harmless point tells a wrong setting from wrong data. */
  async #writeGuarded(points: readonly InfluxPoint[]): Promise<BatchResult> {
    const { write, limits, now, community, name } = this.#options;
    const result = await writeBatch(points, write, limits);
    if (result.kind === 'wait' || result.written > 0 || result.refused.length === 0) return result;
    const tags = { community, edge: 'projection', device: name };
    const probe = await write([
      { measurement: 'operatingState', tags, fields: { state: 'ok', quality: 0 }, timeMs: now() },
    ]);
    if (probe.kind === 'written') return result;
    if (probe.kind === 'wait') return probe;
    return { kind: 'wait', code: 'telemetry.influx-refuses-all', message: probe.message, retryAfterMs: null };
  }

  #account(batch: { untimed: number; unreadable: number }, result: Extract<BatchResult, { kind: 'done' }>): void {
    this.#recover();
    this.#state = 'writing';
    this.#lastWriteMs = this.#options.now();
    this.#counts.pointsWritten += result.written;
    this.#counts.samplesUntimed += batch.untimed;
    this.#counts.packsUnreadable += batch.unreadable;
    for (const refused of result.refused) this.#keepLetter(refused);
  }

  #recover(): void {
    if (this.#trouble === null) return;
    const { now, log, name } = this.#options;
    log.info({ target: name, afterMs: now() - this.#trouble.sinceMs }, 'influx target accepts writes again');
    this.#trouble = null;
  }

  #keepLetter({ points, reason }: RefusedPoints): void {
    const [first] = points;
    if (first === undefined) return;
    const { now, log, limits, name } = this.#options;
    const isFirst = this.#counts.pointsRefused === 0;
    this.#counts.pointsRefused += points.length;
    const { edge, device } = first.tags;
    const series = `${edge}/${device}/${first.measurement}`;
    const letter = { atMs: now(), cursor: this.#cursor, count: points.length, series, timeMs: first.timeMs, reason };
    this.#letters.push(letter);
    if (this.#letters.length > limits.lettersMax) this.#letters.shift();
    if (isFirst) {
      log.warn(
        { code: 'telemetry.influx-point-refused', target: name, ...letter },
        'influx target refused points; later ones are counted in the status',
      );
    }
  }

  async #waitOut({ code, message, retryAfterMs }: Wait): Promise<void> {
    const { now, log, limits, name, signal } = this.#options;
    const isNews = this.#trouble?.code !== code;
    const sinceMs = this.#trouble?.sinceMs ?? now();
    const attempts = (this.#trouble?.attempts ?? 0) + 1;
    this.#trouble = { code, message, sinceMs, attempts };
    this.#state = 'waiting';
    if (isNews)
      log.warn({ code, target: name, reason: message }, 'influx target cannot be written; the log keeps it all');
    await pause(backOffMs(attempts, retryAfterMs, limits), undefined, { signal }).catch(() => undefined);
  }

  #cursorName(): string {
    return `influx:${this.#options.name}`;
  }
}

function waitOf(error: unknown): Wait {
  const outcome = outcomeOfFailure(error);
  const code = isCoded(error) ? error.code : 'telemetry.influx-unavailable';
  return { kind: 'wait', code, message: 'message' in outcome ? outcome.message : 'unknown', retryAfterMs: null };
}

/** The clients cannot be interrupted; an abandoned request harms nobody, because the cursor has not moved. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
