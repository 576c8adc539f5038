/** The two worker threads over the site's databases: one that writes, one that reads the log. */
import { type DeadLetter, isCoded } from '@commonworks/core';
import type { LogAnswer } from '@commonworks/telemetry/log/judge-follower.ts';
import type { ReadLast, ReadRange } from '@commonworks/telemetry/port.ts';
import type { WorkerCalls } from '@commonworks/telemetry/worker/call-worker.ts';
import { startWorker } from '@commonworks/telemetry/worker/call-worker.ts';
import type { Handlers } from '@commonworks/telemetry/worker/serve-calls.ts';
import type { FollowerAsk, ReadWorkerApi } from './read-worker.ts';
import type { OpenFiles, WriteWorkerApi } from './write-worker.ts';

export type Stores = {
  readonly writer: WorkerCalls<WriteWorkerApi>;
  /** What the files held when they were opened. */
  readonly start: ReturnType<WriteWorkerApi['open']>;
  readonly reads: {
    readonly readLog: (ask: FollowerAsk) => Promise<LogAnswer>;
    readonly readDeadLetters: (after: number, limit: number) => Promise<DeadLetter[]>;
    readonly last: ReadLast;
    readonly range: ReadRange;
  };
  readonly died: Promise<never>;
  readonly close: () => Promise<void>;
};

export async function openStores(files: OpenFiles): Promise<Stores> {
  const { calls: writer, damaged } = watchDamage(
    await startWorker<WriteWorkerApi>(new URL('./write-worker.ts', import.meta.url)),
  );
  const { calls: reader, damaged: damagedRead } = watchDamage(
    await startWorker<ReadWorkerApi>(new URL('./read-worker.ts', import.meta.url)),
  );
  const terminate = async () => {
    await reader.terminate();
    await writer.terminate();
  };
  try {
    const { telemetryFile, brokerFile, nowMs } = files;
    const start = await writer.call('open', { telemetryFile, brokerFile, nowMs });
    await reader.call('open', telemetryFile);
    return {
      writer,
      start,
      reads: {
        readLog: (ask) => reader.call('log', ask),
        readDeadLetters: (after, limit) => reader.call('deadLetters', { after, limit }),
        last: (edge) => writer.call('last', edge),
        range: (key, span) => writer.call('range', { key, span }),
      },
      died: Promise.race([writer.died, reader.died, damaged, damagedRead]),
      close: async () => {
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
function watchDamage<Api extends Handlers>(started: WorkerCalls<Api>) {
  const damage = Promise.withResolvers<never>();
  damage.promise.catch(() => undefined);
  const calls: WorkerCalls<Api> = {
    ...started,
    call: async (...of) => {
      try {
        return await started.call(...of);
      } catch (error) {
        if (of[0] !== 'open' && isCoded(error, 'telemetry.log-damaged')) damage.reject(error);
        throw error;
      }
    },
  };
  return { calls, damaged: damage.promise };
}
