/** The outbox as the agent sees it: promises over the worker thread that owns the file. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { CodedError } from '@commonworks/core';
import type {
  OutboxState,
  StoreAnswer,
  StoreArguments,
  StoreMethod,
  WorkerFault,
  WorkerHello,
  WorkerReply,
  WorkerRequest,
} from './protocol.ts';
import type { HeldMark } from './seen-log.ts';
import type { Backlog, OutboxOptions } from './store.ts';

export type { Backlog, CommandRow, KeptPack, LeaseEnd, OutboxOptions, PackDraft } from './store.ts';

type Call = <M extends StoreMethod>(method: M, ...args: StoreArguments<M>) => Promise<StoreAnswer<M>>;

/** A thread that has not ended by itself after this long is cut off; on a busy machine an end takes seconds. */
const END_MS = 8000;
/** What was asked before the end is written first; a disk that answers nothing for this long is not waited for. */
const CLOSE_MS = 10_000;

export type Outbox = AsyncDisposable & {
  /** Rejects with CodedError `edge.outbox-write-failed` when the disk is full; nothing was kept then. */
  readonly call: Call;
  /** As of the last answer of the worker. */
  readonly backlog: () => Backlog;
  readonly epoch: () => string;
  /** Begun since the file was opened: no log can know it yet. */
  readonly isNewEpoch: () => boolean;
  /** The newest mark of a log that has told its name. */
  readonly held: () => HeldMark | null;
  /** Set aside when the outbox was opened. */
  readonly damagedFile: string | null;
  /** Called when the file turns out to be damaged while it is in use, with the name under which it was set aside. */
  readonly onDamaged: (listener: (file: string) => void) => void;
  /** Rejects when the thread ends unasked: nothing can be kept any more, and the agent should be started anew. */
  readonly died: Promise<never>;
  /** Called after packs were kept. */
  readonly onKept: (listener: () => void) => void;
};

/** @throws CodedError `edge.outbox-newer`, `edge.outbox-foreign`, `edge.outbox-write-failed`. */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: options });
  const hello = await firstMessage(worker);
  if (!hello.isOpen) throw errorOf(hello.fault);
  let { state } = hello;
  const damageListeners: ((file: string) => void)[] = [];
  const thread = askThread(worker, (after) => {
    const before = state;
    state = after;
    if (after.damagedFile === null || after.damagedFile === before.damagedFile) return;
    for (const listener of damageListeners) listener(after.damagedFile);
  });
  const listeners: (() => void)[] = [];
  const call: Call = async (method, ...args) => {
    const answer = await thread.post(method, args);
    if (method === 'append') for (const listener of listeners) listener();
    return answer;
  };
  return {
    call,
    backlog: () => state.backlog,
    epoch: () => state.epoch,
    isNewEpoch: () => state.isNewEpoch,
    held: () => state.held,
    damagedFile: hello.state.damagedFile,
    onDamaged: (listener) => {
      damageListeners.push(listener);
    },
    onKept: (listener) => {
      listeners.push(listener);
    },
    died: thread.died,
    [Symbol.asyncDispose]: () => thread.end(),
  };
}

type Thread = {
  readonly post: (method: WorkerRequest['method'], args: unknown[]) => Promise<never>;
  /** Rejects when the thread ends without having been asked to. */
  readonly died: Promise<never>;
  readonly end: () => Promise<void>;
};

/** Calls to the outbox's thread and their answers; a thread that has died answers every call with its error. */
function askThread(worker: Worker, onState: (state: OutboxState) => void): Thread {
  const pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  let ended: Error | null = null;
  let isEnding = false;
  worker.on('message', (reply: WorkerReply) => {
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if (reply.isDone && reply.state !== null) onState(reply.state);
    if (reply.isDone) call?.resolve(reply.answer as never);
    else call?.reject(errorOf(reply.fault));
  });
  const died = new Promise<never>((_, reject) => {
    const end = (error: Error) => {
      ended ??= error;
      for (const call of pending.values()) call.reject(error);
      pending.clear();
      if (!isEnding) reject(error);
    };
    worker.on('error', end);
    worker.on('exit', (code) => end(new Error(`the outbox's thread ended with ${code}`)));
  });
  died.catch(() => undefined);
  const post: Thread['post'] = (method, args) =>
    new Promise<never>((resolve, reject) => {
      if (ended !== null) {
        reject(ended);
        return;
      }
      const id = nextId++;
      pending.set(id, { resolve, reject });
      worker.postMessage({ id, method, args } satisfies WorkerRequest);
    });
  const end = async (): Promise<void> => {
    isEnding = true;
    if (ended !== null) return;
    const exited = once(worker, 'exit');
    await Promise.race([post('close', []), pause(CLOSE_MS, undefined, { ref: false })]);
    // It ends by itself; only one that hangs is cut off, since SQLite may not be left in the middle.
    await Promise.race([exited, pause(END_MS, undefined, { ref: false })]);
    await worker.terminate();
  };
  return { post, died, end };
}

function firstMessage(worker: Worker): Promise<WorkerHello> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function errorOf(fault: WorkerFault): Error {
  return fault.code === null ? new Error(fault.message) : new CodedError(fault.code, fault.message);
}
