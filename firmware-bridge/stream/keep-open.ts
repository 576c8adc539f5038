/** Keeps a stream open: opens it, hands it over, and opens it again after a rest when it ends. */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStream, type StreamLink } from './open-stream.ts';

const REST_FIRST_MS = 500;
const REST_MAX_MS = 30_000;

export type KeepOpenOptions = {
  readonly signal: AbortSignal;
  readonly onOpen: (stream: Duplex) => void;
  /** Called on each failed attempt and whenever an open stream ends. */
  readonly onDown: (error: Error) => void;
};

/** Resolves when the signal is aborted. */
export async function keepOpen(link: StreamLink, options: KeepOpenOptions): Promise<void> {
  let restMs = REST_FIRST_MS;
  while (!options.signal.aborted) {
    try {
      const stream = await openStream(link, { signal: options.signal });
      restMs = REST_FIRST_MS;
      const ended = streamEnd(stream, options.signal);
      options.onOpen(stream);
      const reason = await ended;
      if (!options.signal.aborted) options.onDown(reason);
    } catch (error) {
      if (!options.signal.aborted) options.onDown(error instanceof Error ? error : new Error(String(error)));
    }
    // Half of the rest is random, so that many edges do not come back in step after a power cut.
    await sleep(restMs * (0.5 + Math.random() / 2), undefined, { signal: options.signal }).catch(() => undefined);
    restMs = Math.min(restMs * 2, REST_MAX_MS);
  }
}

/** Resolves with the reason when the stream has ended; ends it on the signal. */
function streamEnd(stream: Duplex, signal: AbortSignal): Promise<Error> {
  return new Promise((resolve) => {
    let reason = new Error('the other side closed the connection');
    const stop = () => stream.destroy();
    signal.addEventListener('abort', stop, { once: true });
    stream.on('error', (error) => {
      reason = error;
    });
    stream.on('end', stop);
    stream.on('close', () => {
      signal.removeEventListener('abort', stop);
      resolve(reason);
    });
    if (signal.aborted) stop();
  });
}
