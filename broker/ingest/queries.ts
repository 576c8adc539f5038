/** Questions about the series wait here for their thread: few of them, one at a time, gone when their asker is. */
import { CodedError } from '@commonworks/core';
import type { LastAsk, RangeAsk } from '@commonworks/telemetry/series/series-reader.ts';
import type { WorkerCalls } from '@commonworks/telemetry/worker/call-worker.ts';
import type { QueryWorkerApi } from './query-worker.ts';

/** Each takes some milliseconds: the last of them waits less than a second. */
export const QUERIES_WAITING_MAX = 32;

type Thread = Pick<WorkerCalls<QueryWorkerApi>, 'call' | 'terminate'> & { readonly died: Promise<unknown> };

type Query = {
  /** Null: the thread has not caught up yet. */
  readonly run: (thread: Thread) => Promise<string | null>;
  readonly signal: AbortSignal;
  readonly resolve: (page: string) => void;
  readonly reject: (error: unknown) => void;
};

export class Queries {
  readonly #start: () => Promise<Thread>;
  readonly #died = Promise.withResolvers<never>();
  #thread: Promise<Thread> | null = null;
  #waiting: Query[] = [];
  #running: Promise<void> | null = null;
  #isClosed = false;
  /** Since the start, for the metrics. */
  readonly counts = { answered: 0, refused: 0, dropped: 0 };

  /** `start` is called for the first question: most sites ask none. */
  constructor(start: () => Promise<Thread>) {
    this.#start = start;
    this.#died.promise.catch(() => undefined);
  }

  /** Rejects when the thread dies unasked. */
  get died(): Promise<never> {
    return this.#died.promise;
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
    const thread = await this.#thread?.catch(() => null);
    await thread?.call('close', undefined);
    await thread?.terminate();
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
    for (let query = this.#waiting.shift(); query !== undefined; query = this.#waiting.shift()) {
      try {
        query.resolve(await this.#answer(query));
        this.counts.answered += 1;
      } catch (error) {
        query.reject(error);
      }
    }
    this.#running = null;
  }

  async #answer({ run, signal }: Query): Promise<string> {
    const thread = await this.#open();
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed) throw busy('the broker is ending');
      const page = await run(thread);
      if (page !== null) return page;
    }
  }

  #open(): Promise<Thread> {
    this.#thread ??= this.#start().then((thread) => {
      thread.died.catch((error: unknown) => this.#died.reject(error));
      return thread;
    });
    // What could not start is tried again with the next question.
    this.#thread.catch(() => {
      this.#thread = null;
    });
    return this.#thread;
  }
}

function busy(why: string): CodedError {
  return new CodedError('broker.queries-busy', `no question about the series is taken: ${why}`);
}
