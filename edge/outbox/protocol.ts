/** What the outbox's worker is asked and answers, as messages between two threads. */
import type { ErrorCode } from '@commonworks/core';
import type { HeldMark } from './seen-log.ts';
import type { Backlog, OutboxStore } from './store.ts';

/** The store's methods that may be called across the threads. */
export type StoreMethod =
  | 'append'
  | 'read'
  | 'readWanted'
  | 'applyMark'
  | 'rememberCommand'
  | 'setCommandState'
  | 'openCommands'
  | 'untoldLives';
export type StoreArguments<M extends StoreMethod> = Parameters<OutboxStore[M]>;
export type StoreAnswer<M extends StoreMethod> = ReturnType<OutboxStore[M]>;

export type WorkerRequest = { readonly id: number; readonly method: StoreMethod | 'close'; readonly args: unknown[] };
export type WorkerFault = { readonly code: ErrorCode | null; readonly message: string };
/** How the outbox stands after each answer. */
export type OutboxState = {
  readonly epoch: string;
  readonly isNewEpoch: boolean;
  readonly damagedFile: string | null;
  readonly backlog: Backlog;
  readonly held: HeldMark | null;
};

export type WorkerReply =
  | { readonly id: number; readonly isDone: true; readonly answer: unknown; readonly state: OutboxState | null }
  | { readonly id: number; readonly isDone: false; readonly fault: WorkerFault };

/** First message of the worker: the file is open, or why it cannot be. */
export type WorkerHello =
  | { readonly isOpen: true; readonly state: OutboxState }
  | { readonly isOpen: false; readonly fault: WorkerFault };
