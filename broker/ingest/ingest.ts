/** Packs in, promises out: each resolves when its pack is on disk; commits are shared, queues are bounded. */
import type { HubMoment } from '@commonworks/core';
import { CodedError } from '@commonworks/core';
import type { Overrun } from '@commonworks/telemetry/edge-budgets.ts';
import type { Mark } from '@commonworks/telemetry/log/pack-log.ts';
import type { WorkerCalls } from '@commonworks/telemetry/worker/call-worker.ts';
import { StorageFailure } from '@commonworks/telemetry/worker/call-worker.ts';
import type { BrokerLog } from '../broker-log.ts';
import type { CommitReport } from './commit-packs.ts';
import { packBatch } from './packed-batch.ts';
import type { IncomingPack, PackOutcome } from './take-pack.ts';
import type { WriteWorkerApi } from './write-worker.ts';

/** One transaction takes at most this many packs. */
const COMMIT_PACKS_MAX = 500;
const NO_ROOM = 'the pack cannot be taken, and the quarantine of this edge is full';

export type IngestOptions = {
  readonly writer: WorkerCalls<WriteWorkerApi>;
  readonly head: number;
  /** How long a pack waits for others to share its commit. */
  readonly commitMs: number;
  readonly hub: { readonly moment: () => HubMoment };
  readonly log: BrokerLog;
  readonly onMarks: (marks: readonly Mark[]) => void;
  /** Packs of a boot whose clock is known by now are to be judged. */
  readonly onDeferred?: () => void;
  /** Edges whose readings lie on many days. */
  readonly onSpread?: (spread: CommitReport['spread']) => void;
  /** After each commit: what edges asked for beyond their budgets in it, usually nothing. */
  readonly onOverruns?: (overruns: readonly Overrun[]) => void;
};

type Waiting = {
  readonly pack: IncomingPack;
  readonly resolve: (outcome: PackOutcome) => void;
  readonly reject: (error: unknown) => void;
};

export class Ingest {
  readonly #options: IngestOptions;
  #queue: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isCommitting = false;
  #inFlight = 0;
  #watchers = new Set<() => void>();
  head: number;
  /** False from a failed commit until the next good one. */
  isWritable = true;
  /** Since the start, for the metrics. */
  readonly counts = { held: 0, repeated: 0, quarantined: 0, refused: 0, commits: 0, failures: 0 };

  constructor(options: IngestOptions) {
    this.#options = options;
    this.head = options.head;
  }

  get pending(): number {
    return this.#queue.length + this.#inFlight;
  }

  /** @throws CodedError `broker.commit-failed`, `broker.quarantine-full`: nothing was kept, send it again later. */
  keep(edge: string, body: Uint8Array): Promise<PackOutcome> {
    const { nowMs, ...hub } = this.#options.hub.moment();
    const pack = { edge, body, receivedMs: nowMs, hub };
    return new Promise((resolve, reject) => {
      this.#queue.push({ pack, resolve, reject });
      this.#schedule();
    });
  }

  /** Deletes what an edge has in quarantine, and returns how many packs that were. */
  async releaseQuarantine(edge: string): Promise<number> {
    let released = 0;
    for (let some = -1; some !== 0; released += some) {
      some = await this.#options.writer.call('releaseQuarantine', edge);
    }
    this.#options.log.info({ edge, released }, 'the quarantine of an edge was emptied');
    return released;
  }

  /** Resolves when the head moves past `cursor`, the time is over or the signal aborts. */
  async waitPast(cursor: number, waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.head > cursor || waitMs <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#watchers.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      this.#watchers.add(end);
      signal.addEventListener('abort', end);
    });
  }

  #schedule(): void {
    if (this.#isCommitting) return;
    if (this.#queue.length >= COMMIT_PACKS_MAX) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), this.#options.commitMs);
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#queue.length === 0 || this.#isCommitting) return;
    const batch = this.#queue.splice(0, COMMIT_PACKS_MAX);
    this.#isCommitting = true;
    this.#inFlight = batch.length;
    void this.#commit(batch).finally(() => {
      this.#isCommitting = false;
      this.#inFlight = 0;
      if (this.#queue.length > 0) this.#schedule();
    });
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const packed = packBatch(batch.map((waiting) => waiting.pack));
    try {
      this.#committed(batch, await this.#options.writer.call('commit', packed, [packed.bytes]));
    } catch (error) {
      this.#failed(batch, error);
    }
  }

  #committed(batch: readonly Waiting[], report: CommitReport): void {
    const { log, onMarks, onOverruns, onSpread, onDeferred } = this.#options;
    if (!this.isWritable) log.info({}, 'readings are written to disk again');
    this.isWritable = true;
    this.counts.commits += 1;
    this.head = report.head;
    for (const [i, waiting] of batch.entries()) {
      const outcome = report.outcomes[i] ?? 'held';
      this.counts[outcome] += 1;
      if (outcome === 'refused') waiting.reject(new CodedError('broker.quarantine-full', NO_ROOM));
      else waiting.resolve(outcome);
    }
    onMarks(report.marks);
    onOverruns?.(report.overruns);
    onSpread?.(report.spread);
    if (report.hasDeferred) onDeferred?.();
    for (const wake of [...this.#watchers]) wake();
  }

  #failed(batch: readonly Waiting[], error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const isNews = this.isWritable;
    this.isWritable = false;
    this.counts.failures += 1;
    const failure = new CodedError('broker.commit-failed', `readings could not be written: ${message}`, {
      cause: error,
    });
    if (isNews) this.#options.log.error({ code: failure.code, err: message }, failure.message);
    for (const waiting of batch) waiting.reject(error instanceof StorageFailure ? failure : error);
  }
}
