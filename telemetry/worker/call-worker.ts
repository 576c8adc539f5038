/** Calls into a worker thread: promises for answers, and one error for all when the thread dies. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Transferable } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { ErrorCode } from '@commonworks/core';
import { CodedError, ERROR_CATALOGUE } from '@commonworks/core';
import { type CallAnswer, type CallFault, END, type Handlers } from './serve-calls.ts';

/** A thread that has not ended by itself after this long is cut off; on a busy machine an end takes seconds. */
const END_MS = 8000;

/** A failed write of the storage below (disk full, I/O error): try again later, nothing was changed. */
export class StorageFailure extends Error {}

export type WorkerCalls<Api extends Handlers> = {
  readonly call: <Name extends keyof Api & string>(
    method: Name,
    argument: Parameters<Api[Name]>[0],
    transfer?: readonly Transferable[],
  ) => Promise<ReturnType<Api[Name]>>;
  /** Rejects when the thread dies unasked. */
  readonly died: Promise<never>;
  readonly terminate: () => Promise<void>;
};

type Waiting = { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void };

export async function startWorker<Api extends Handlers>(script: URL): Promise<WorkerCalls<Api>> {
  const worker = new Worker(script);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let isEnding = false;
  let ended: unknown = null;
  const died = new Promise<never>((_, reject) => {
    const end = (error: unknown) => {
      ended ??= error;
      for (const { reject: refuse } of waiting.values()) refuse(error);
      waiting.clear();
      if (!isEnding) reject(error);
    };
    worker.on('error', end);
    worker.on('exit', (code) => end(new Error(`the worker thread ended with code ${code}`)));
  });
  died.catch(() => undefined);
  worker.on('message', (answer: CallAnswer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.ok) call?.resolve(answer.value as never);
    else call?.reject(errorOf(answer.fault));
  });
  await Promise.race([once(worker, 'online'), died]);
  return {
    call: (method, argument, transfer = []) =>
      new Promise((resolve, reject) => {
        if (ended !== null) {
          reject(ended);
          return;
        }
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, method, argument }, transfer);
      }),
    died,
    terminate: async () => {
      isEnding = true;
      if (ended !== null) return;
      // By itself rather than by force: a thread that is cut off within SQLite can take the process with it.
      const exited = once(worker, 'exit');
      worker.postMessage({ id: 0, method: END, argument: undefined });
      await Promise.race([exited, pause(END_MS, undefined, { ref: false })]);
      await worker.terminate();
    },
  };
}

function errorOf(fault: CallFault): Error {
  if (fault.isStorage) return new StorageFailure(fault.message);
  if (fault.code !== null && isErrorCode(fault.code)) return new CodedError(fault.code, fault.message);
  return new Error(fault.message);
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, code);
}
