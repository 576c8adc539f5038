/** The worker threads over the site's databases: one writes, one reads the log, one answers questions about the series. */
import { type DeadLetter, isCoded } from '@commonworks/core';
import type { LogAnswer } from '@commonworks/telemetry/log/judge-follower.ts';
import type { LogCounts } from '@commonworks/telemetry/log/read-counts.ts';
import type { WorkerCalls } from '@commonworks/telemetry/worker/call-worker.ts';
import { startWorker } from '@commonworks/telemetry/worker/call-worker.ts';
import type { Handlers } from '@commonworks/telemetry/worker/serve-calls.ts';
import { Queries } from './queries.ts';
import type { QueryWorkerApi } from './query-worker.ts';
import type { FollowerAsk, ReadWorkerApi } from './read-worker.ts';
import { shareCalls } from './shared-call.ts';
import type { StoreFiles, WriteWorkerApi } from './write-worker.ts';

export type Stores = {
  readonly writer: WorkerCalls<WriteWorkerApi>;
  /** What the files held when they were opened. */
  readonly start: ReturnType<WriteWorkerApi['open']>;
  readonly reads: {
    readonly readLog: (ask: FollowerAsk) => Promise<LogAnswer>;
    readonly readDeadLetters: (after: number, limit: number) => Promise<DeadLetter[]>;
    readonly counts: () => Promise<LogCounts & { readonly deadLettersDamaged: number }>;
    readonly sink: (name: string) => Promise<number>;
  };
  readonly queries: Queries;
  /** Rejects when the writer or the reader of the log dies; nobody's question is worth the broker's life. */
  readonly died: Promise<never>;
  readonly close: () => Promise<void>;
};

export async function openStores(files: StoreFiles, start: typeof startWorker = startWorker): Promise<Stores> {
  const damage = Promise.withResolvers<never>();
  damage.promise.catch(() => undefined);
  const begin = async <Api extends Handlers>(file: string) =>
    watched(await start<Api>(new URL(file, import.meta.url)), damage.reject);
  const writer = await begin<WriteWorkerApi>('./write-worker.ts');
  const reader = await begin<ReadWorkerApi>('./read-worker.ts');
  const queries = new Queries(async () => {
    const thread = await begin<QueryWorkerApi>('./query-worker.ts');
    try {
      await thread.call('open', files.telemetryFile);
    } catch (error) {
      await thread.terminate();
      throw error;
    }
    return thread;
  });
  const terminate = async () => {
    await reader.terminate();
    await writer.terminate();
  };
  try {
    const { telemetryFile, brokerFile, budgets, nowMs } = files;
    const saved = await writer.call('open', { telemetryFile, brokerFile, budgets, nowMs });
    await reader.call('open', telemetryFile);
    return {
      writer,
      start: saved,
      reads: {
        readLog: (ask) => reader.call('log', ask),
        readDeadLetters: (after, limit) => reader.call('deadLetters', { after, limit }),
        counts: shareCalls(() => reader.call('counts', undefined)),
        sink: (name) => reader.call('sink', name),
      },
      queries,
      died: Promise.race([writer.died, reader.died, damage.promise]),
      close: async () => {
        await queries.close();
        await reader.call('close', undefined);
        await writer.call('close', undefined);
        await terminate();
      },
    };
  } catch (error) {
    await terminate();
    throw error;
  }
}

/** The first call that meets damage ends the process: what follows it must not be served from a file that is not sound. */
function watched<Api extends Handlers>(
  started: WorkerCalls<Api>,
  onDamage: (error: unknown) => void,
): WorkerCalls<Api> {
  return {
    ...started,
    call: async (...of) => {
      try {
        return await started.call(...of);
      } catch (error) {
        if (of[0] !== 'open' && isCoded(error, 'telemetry.log-damaged')) onDamage(error);
        throw error;
      }
    },
  };
}
