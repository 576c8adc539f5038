/** The worker's side of a call: one request, one answer, in order; coded errors keep their code. */
import { parentPort } from 'node:worker_threads';
import { invariant, isCoded } from '@commonworks/core';

export type Handlers = Record<string, (argument: never) => unknown>;
export type CallMessage = { readonly id: number; readonly method: string; readonly argument: unknown };
export type CallFault = { readonly code: string | null; readonly message: string; readonly isStorage: boolean };
export type CallAnswer = { readonly id: number } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly fault: CallFault }
);

/** Asks a worker to end by itself once it has nothing left to do. */
export const END = 'end';

/** `afterwards` runs when the answer is on its way; what it throws is the worker's end. */
export function serveCalls(
  handlers: Handlers,
  options: { readonly isStorage: (error: unknown) => boolean; readonly afterwards?: (method: string) => void },
): void {
  const port = parentPort;
  invariant(port !== null, 'calls are served in a worker thread');
  port.on('message', (message: CallMessage) => {
    if (message.method === END) {
      port.close();
      return;
    }
    port.postMessage(answer(handlers, message, options.isStorage));
    options.afterwards?.(message.method);
  });
}

function answer(handlers: Handlers, message: CallMessage, isStorage: (error: unknown) => boolean): CallAnswer {
  const { id, method, argument } = message;
  try {
    const handler = handlers[method];
    invariant(handler !== undefined, `the worker has a method ${method}`);
    return { id, ok: true, value: handler(argument as never) };
  } catch (error) {
    const code = isCoded(error) ? error.code : null;
    const text = error instanceof Error ? error.message : String(error);
    return { id, ok: false, fault: { code, message: text, isStorage: isStorage(error) } };
  }
}
