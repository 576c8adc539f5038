/** One target follows the log: read, write, and only then move its cursor. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock, LogEntry, ProjectionStatus } from '@commonworks/core';
import { decodePack, isCoded } from '@commonworks/core';
import { RefusalLetters } from './letters.ts';
import type { ProjectionLimits } from './limits.ts';
import { backOffMs } from './limits.ts';
import type { BatchResult, Suspects } from './open-batch.ts';
import { OpenBatch } from './open-batch.ts';
import type { InfluxPoint } from './points.ts';
import { pointsOfPack } from './points.ts';
import type { Wait, WriteOutcome, WritePoints } from './write-outcome.ts';
import { outcomeOfFailure } from './write-outcome.ts';

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

/** What was read from the log and is not settled yet: a wait goes on in the middle of it. */
type Current = {
  readonly batch: OpenBatch;
  readonly lastCursor: number;
  readonly untimed: number;
  readonly unreadable: number;
};

export class TargetLoop {
  readonly #options: TargetLoopOptions;
  #state: ProjectionStatus['state'] = 'starting';
  #cursor = 0;
  #oldestWaitingMs: number | null = null;
  #counts = { pointsWritten: 0, pointsRefused: 0, samplesUntimed: 0, packsUnreadable: 0 };
  #lastWriteMs: number | null = null;
  #trouble: Trouble | null = null;
  #current: Current | null = null;
  readonly #suspects: Suspects = new Map();
  readonly #letters: RefusalLetters;

  constructor(options: TargetLoopOptions) {
    this.#options = options;
    this.#letters = new RefusalLetters(options.limits.lettersMax);
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
      letters: this.#letters.newestLast(),
    };
  }

  /** Runs until the signal; resolves then, also in the middle of a request: the next start sends its batch again. */
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
    this.#current ??= await this.#read();
    const { signal } = this.#options;
    if (this.#current === null) return await this.#rest();
    const current = this.#current;
    const result = await untilAborted(current.batch.advance(this.#options.write), signal);
    if (result.kind === 'wait') return await this.#waitOut(result);
    await this.#options.cursors.set(this.#cursorName(), current.lastCursor);
    this.#cursor = current.lastCursor;
    this.#current = null;
    this.#account(current, result);
  }

  async #read(): Promise<Current | null> {
    const { readLog, limits, signal } = this.#options;
    const entries = await readLog(this.#cursor, limits.entriesMax, signal);
    const last = entries.at(-1);
    this.#oldestWaitingMs = entries[0]?.receivedMs ?? null;
    if (last === undefined) return null;
    const { points, untimed, unreadable } = this.#pointsOf(entries);
    const { pointsMax } = limits;
    const batch = new OpenBatch(points, { pointsMax, suspects: this.#suspects, probe: () => this.#probe() });
    return { batch, lastCursor: last.cursor, untimed, unreadable };
  }

  async #rest(): Promise<void> {
    const { limits, signal } = this.#options;
    this.#recover();
    this.#state = 'caught-up';
    await pause(limits.idleMs, undefined, { signal });
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

  #probe(): Promise<WriteOutcome> {
    const { write, now, community, name } = this.#options;
    const tags = { community, edge: 'projection', device: name };
    return write([{ measurement: 'operatingState', tags, fields: { state: 'ok', quality: 0 }, timeMs: now() }]);
  }

  #account(current: Current, result: Extract<BatchResult, { kind: 'done' }>): void {
    this.#recover();
    this.#state = 'writing';
    this.#lastWriteMs = this.#options.now();
    this.#counts.pointsWritten += result.written;
    this.#counts.samplesUntimed += current.untimed;
    this.#counts.packsUnreadable += current.unreadable;
    const isFirst = this.#counts.pointsRefused === 0;
    for (const { points, reason } of result.refused) {
      this.#counts.pointsRefused += points.length;
      this.#letters.keep(points, { reason, atMs: this.#options.now(), cursor: this.#cursor });
    }
    if (isFirst && result.refused.length > 0) this.#tellFirstRefusal();
  }

  #recover(): void {
    if (this.#trouble === null) return;
    const { now, log, name } = this.#options;
    log.info({ target: name, afterMs: now() - this.#trouble.sinceMs }, 'influx target accepts writes again');
    this.#trouble = null;
  }

  #tellFirstRefusal(): void {
    const { log, name } = this.#options;
    log.warn(
      { code: 'telemetry.influx-point-refused', target: name, ...this.#letters.newestLast().at(-1) },
      'influx target refused points; later ones are counted in the status',
    );
  }

  async #waitOut({ code, message, retryAfterMs, hasProgress }: Wait & { hasProgress: boolean }): Promise<void> {
    const { now, log, limits, name, signal } = this.#options;
    const isNews = this.#trouble?.code !== code;
    const sinceMs = this.#trouble?.sinceMs ?? now();
    const attempts = hasProgress ? 1 : (this.#trouble?.attempts ?? 0) + 1;
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

function waitOf(error: unknown): Wait & { hasProgress: boolean } {
  const outcome = outcomeOfFailure(error);
  return { ...outcome, code: isCoded(error) ? error.code : outcome.code, hasProgress: false };
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
