/** The main thread's side of the derivation worker: start it, ask it to settle, hear what it committed. */
import { Worker } from 'node:worker_threads';
import type { Result } from '@commonworks/core';
import type { Settlement } from '@commonworks/core/api/index.ts';
import type { Answers, DerivationOptions, FromWorker, PageMessage, Question, ToWorker } from './derivation-messages.ts';
import type { Notice } from './log-listener.ts';

export type DerivationEvents = {
  readonly onPage: (page: PageMessage) => void;
  /** Of what moved without a page: the hub's time became known. */
  readonly onNotices: (notices: readonly Notice[]) => void;
  /** A fault began, or null: it is over. */
  readonly onFault: (fault: { code: string; message: string } | null) => void;
  /** A month was settled by itself. */
  readonly onSettled: (settlement: Settlement) => void;
};

/** The answer is of the kind that was asked. */
export type AskAboutMonth = <Q extends Question>(question: Q) => Promise<Result<Answers[Q['ask']]>>;

export type Derivation = {
  /** Takes seconds for a month. Refused with a code when the month is open, empty or incomplete. */
  readonly ask: AskAboutMonth;
  /** Settles when the worker has ended: rejects when it crashed, and then the process should end too. */
  readonly closed: Promise<void>;
};

/** The signal stops it; what is committed stays, what is not is read again at the next start. */
export function startDerivation(options: DerivationOptions, events: DerivationEvents, signal: AbortSignal): Derivation {
  const worker = new Worker(new URL('./derivation-worker.ts', import.meta.url), { workerData: options });
  const waiting = new Map<number, PromiseWithResolvers<Result<Answers[keyof Answers]>>>();
  let lastId = 0;
  const tell = (message: ToWorker) => worker.postMessage(message);
  worker.on('message', (message: FromWorker) => hear(message, waiting, events));
  const stop = () => tell({ type: 'stop' });
  // A SIGTERM may come while the server starts: a signal that is aborted already calls nobody.
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const closed = new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`the derivation worker ended with ${code}`)),
    );
  });
  const failAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  closed.then(() => failAll(new Error('the derivation worker has ended')), failAll);
  const ask: AskAboutMonth = <Q extends Question>(question: Q) => {
    const id = ++lastId;
    const pending = Promise.withResolvers<Result<Answers[keyof Answers]>>();
    waiting.set(id, pending);
    tell({ type: 'ask', id, question });
    return pending.promise as Promise<Result<Answers[Q['ask']]>>;
  };
  return { ask, closed };
}

function hear(
  message: FromWorker,
  waiting: Map<number, PromiseWithResolvers<Result<Answers[keyof Answers]>>>,
  events: DerivationEvents,
): void {
  switch (message.type) {
    case 'page':
      events.onPage(message);
      break;
    case 'notices':
      events.onNotices(message.notices);
      break;
    case 'fault':
      events.onFault(message.fault);
      break;
    case 'settled':
      events.onSettled(message.settlement);
      break;
    case 'reply':
      waiting.get(message.id)?.resolve(message.result);
      waiting.delete(message.id);
      break;
    case 'failed':
      waiting.get(message.id)?.reject(new Error(message.message));
      waiting.delete(message.id);
      break;
    default:
      message satisfies never;
  }
}
