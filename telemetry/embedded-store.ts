/** The embedded series store on a file of its own, behind the port; the broker's writer holds the same tables. */
import type { SeriesStore } from './port.ts';
import type { StoreWorkerApi } from './series/store-worker.ts';
import { startWorker } from './worker/call-worker.ts';

/** @throws CodedError `telemetry.database-in-use`, `telemetry.schema-newer`, `telemetry.database-unusable`. */
export async function openEmbeddedStore(path: string): Promise<SeriesStore> {
  const worker = await startWorker<StoreWorkerApi>(new URL('./series/store-worker.ts', import.meta.url));
  try {
    await worker.call('open', path);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    append: (samples) => worker.call('append', samples),
    last: (edge) => worker.call('last', edge),
    range: (key, span) => worker.call('range', { key, span }),
    [Symbol.asyncDispose]: async () => {
      await worker.call('close', undefined);
      await worker.terminate();
    },
  };
}
