/** The worker threads over the site's databases: one writes, one reads the log, one answers questions about the series. */
import type { DeadLetter, LogEntry } from '@commonworks/core';
import type { LogCounts } from '@commonworks/telemetry/log/read-counts.ts';
import type { WorkerCalls } from '@commonworks/telemetry/worker/call-worker.ts';
import { startWorker } from '@commonworks/telemetry/worker/call-worker.ts';
import { Queries } from './queries.ts';
import type { QueryWorkerApi } from './query-worker.ts';
import type { ReadWorkerApi } from './read-worker.ts';
import { shareCalls } from './shared-call.ts';
import type { StoreFiles, WriteWorkerApi } from './write-worker.ts';

export type Stores = {
  readonly writer: WorkerCalls<WriteWorkerApi>;
  /** What the files held when they were opened. */
  readonly start: ReturnType<WriteWorkerApi['open']>;
  readonly reads: {
    readonly readLog: (after: number, limit: number) => Promise<LogEntry[]>;
    readonly readDeadLetters: (after: number, limit: number) => Promise<DeadLetter[]>;
    readonly counts: () => Promise<LogCounts>;
    readonly sink: (name: string) => Promise<number>;
  };
  readonly queries: Queries;
  /** Rejects when the writer or the reader of the log dies; nobody's question is worth the broker's life. */
  readonly died: Promise<never>;
  readonly close: () => Promise<void>;
};

export async function openStores(files: StoreFiles, start: typeof startWorker = startWorker): Promise<Stores> {
  const writer = await start<WriteWorkerApi>(new URL('./write-worker.ts', import.meta.url));
  const reader = await start<ReadWorkerApi>(new URL('./read-worker.ts', import.meta.url));
  const queries = new Queries(async () => {
    const thread = await start<QueryWorkerApi>(new URL('./query-worker.ts', import.meta.url));
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
    const { telemetryFile, brokerFile, budgets } = files;
    const saved = await writer.call('open', { telemetryFile, brokerFile, budgets });
    await reader.call('open', telemetryFile);
    return {
      writer,
      start: saved,
      reads: {
        readLog: (after, limit) => reader.call('log', { after, limit }),
        readDeadLetters: (after, limit) => reader.call('deadLetters', { after, limit }),
        counts: shareCalls(() => reader.call('counts', undefined)),
        sink: (name) => reader.call('sink', name),
      },
      queries,
      died: Promise.race([writer.died, reader.died]),
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
