/** One EventSource that heals itself: the browser retries a broken line, this retries a refused one. */
import type { LiveEvent, LiveEventName } from '@commonworks/core/api/index.ts';

/** The part of EventSource in use, so that a test can stand in for the network. */
export type EventStream = {
  readonly readyState: number;
  addEventListener(name: string, listener: (event: { data?: unknown }) => void): void;
  close(): void;
};
export type ConnectionState = 'connecting' | 'open' | 'lost';
export type ConnectionOptions = {
  readonly open: (url: string) => EventStream;
  readonly onEvent: <Name extends LiveEventName>(name: Name, data: LiveEvent<Name>) => void;
  readonly onState: (state: ConnectionState) => void;
  readonly later: (task: () => void, delayMs: number) => () => void;
};

const NAMES = [
  'flow',
  'mine',
  'machine',
  'device',
  'command',
  'alarm',
  'badge',
  'clock',
] as const satisfies LiveEventName[];
const CLOSED = 2;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** Keeps the stream open until the signal aborts; waits 1, 2, 4 ... 30 s between attempts the server refused. */
export function keepConnected(url: string, options: ConnectionOptions, signal: AbortSignal): void {
  let retryMs = RETRY_MIN_MS;
  let stream: EventStream | undefined;
  let cancelRetry = () => {};

  const connect = () => {
    stream = options.open(url);
    stream.addEventListener('open', () => {
      retryMs = RETRY_MIN_MS;
      options.onState('open');
    });
    stream.addEventListener('error', () => {
      options.onState('lost');
      if (stream?.readyState !== CLOSED || signal.aborted) return;
      cancelRetry = options.later(connect, retryMs);
      retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
    });
    for (const name of NAMES) stream.addEventListener(name, (event) => deliver(name, event.data, options));
  };

  signal.addEventListener('abort', () => {
    cancelRetry();
    stream?.close();
  });
  if (signal.aborted) return;
  options.onState('connecting');
  connect();
}

function deliver<Name extends LiveEventName>(name: Name, data: unknown, options: ConnectionOptions): void {
  if (typeof data !== 'string') return;
  options.onEvent(name, JSON.parse(data) as LiveEvent<Name>);
}
