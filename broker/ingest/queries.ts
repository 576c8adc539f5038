/** Questions about the series wait here for their thread: few of them, one at a time, gone when their asker is. */
import { CodedError } from '@commonworks/core';
import type { LastAsk, RangeAsk } from '@commonworks/telemetry/series/series-reader.ts';
import type { WorkerCalls } from '@commonworks/telemetry/worker/call-worker.ts';
import type { QueryWorkerApi } from './query-worker.ts';

/** Each takes some milliseconds: the last of them waits less than a second. */
export const QUERIES_WAITING_MAX = 32;
/** Then the thread ends, and with it what it keeps in memory of the log: up to 100 MB. */
const IDLE_MS = 600_000;

type Thread = WorkerCalls<QueryWorkerApi>;

type Query = {
  /** Null: the thread has not caught up yet. */
  readonly run: (thread: Thread) => Promise<string | null>;
  readonly signal: AbortSignal;
  readonly resolve: (page: string) => void;
  readonly reject: (error: unknown) => void;
};

/** The thread begins with a question and ends when none comes. Should it die, that question fails, and the next one starts another. */
export class Queries {
  readonly #start: () => Promise<Thread>;
  readonly #idleMs: number;
  #thread: Promise<Thread> | null = null;
  #waiting: Query[] = [];
  #running: Promise<void> | null = null;
  #resting: Promise<void> = Promise.resolve();
  #idle: NodeJS.Timeout | null = null;
  #isClosed = false;
  /** Since the start, for the metrics. */
  readonly counts = { answered: 0, failed: 0, refused: 0, dropped: 0 };

  constructor(start: () => Promise<Thread>, { idleMs = IDLE_MS }: { idleMs?: number } = {}) {
    this.#start = start;
    this.#idleMs = idleMs;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * A page as the JSON text of `SeriesRange`.
   * @throws CodedError `broker.queries-busy`; the signal's reason when it aborts first.
   */
  range(ask: RangeAsk, signal: AbortSignal): Promise<string> {
    return this.#enqueue((thread) => thread.call('range', ask), signal);
  }

  /** A page as the JSON text of `LastValues`; throws as `range` does. */
  last(ask: LastAsk, signal: AbortSignal): Promise<string> {
    return this.#enqueue((thread) => thread.call('last', ask), signal);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(busy('the broker is ending'));
    await this.#running;
    this.#rest();
    await this.#resting;
  }

  #enqueue(run: Query['run'], signal: AbortSignal): Promise<string> {
    if (this.#isClosed || this.#waiting.length >= QUERIES_WAITING_MAX) {
      this.counts.refused += 1;
      return Promise.reject(busy(`${this.#waiting.length} questions wait already`));
    }
    return new Promise((resolve, reject) => {
      const query = { run, signal, resolve, reject };
      this.#waiting.push(query);
      signal.addEventListener('abort', () => this.#drop(query), { once: true });
      this.#running ??= this.#work();
    });
  }

  #drop(query: Query): void {
    const at = this.#waiting.indexOf(query);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.counts.dropped += 1;
    query.reject(query.signal.reason);
  }

  async #work(): Promise<void> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    for (let query = this.#waiting.shift(); query !== undefined; query = this.#waiting.shift()) {
      try {
        query.resolve(await this.#answer(query));
        this.counts.answered += 1;
      } catch (error) {
        if (query.signal.aborted) this.counts.dropped += 1;
        else this.counts.failed += 1;
        query.reject(error);
      }
    }
    this.#idle = setTimeout(() => this.#rest(), this.#idleMs).unref();
    this.#running = null;
  }

  async #answer({ run, signal }: Query): Promise<string> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed) throw busy('the broker is ending');
      const page = await run(await this.#open());
      if (page !== null) return page;
    }
  }

  #open(): Promise<Thread> {
    if (this.#thread !== null) return this.#thread;
    const started = this.#start();
    const forget = () => {
      if (this.#thread === started) this.#thread = null;
    };
    started.then((thread) => {
      thread.died.catch(forget);
    }, forget);
    this.#thread = started;
    return started;
  }

  #rest(): void {
    const thread = this.#thread;
    this.#thread = null;
    if (this.#idle !== null) clearTimeout(this.#idle);
    if (thread !== null) this.#resting = Promise.all([this.#resting, end(thread)]).then(() => undefined);
  }
}

async function end(started: Promise<Thread>): Promise<void> {
  const thread = await started.catch(() => null);
  await thread?.call('close', undefined).catch(() => undefined);
  await thread?.terminate();
}

function busy(why: string): CodedError {
  return new CodedError('broker.queries-busy', `no question about the series is taken: ${why}`);
}
