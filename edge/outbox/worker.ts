/** The outbox's own thread: every write, and every wait for the disk, happens here. */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant, isCoded } from '@commonworks/core';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import type { OutboxState, WorkerFault, WorkerHello, WorkerReply, WorkerRequest } from './protocol.ts';
import { type OutboxOptions, type OutboxStore, openOutboxStore } from './store.ts';

const port = parentPort;
invariant(port !== null, 'the outbox worker runs in a worker thread');
const store = open();
if (store !== null) {
  port.on('message', (request: WorkerRequest) => {
    if (request.method === 'close') {
      store.close();
      port.postMessage({ id: request.id, isDone: true, answer: null, state: null } satisfies WorkerReply);
      port.close();
      return;
    }
    port.postMessage(answer(store, request));
  });
}

function open(): OutboxStore | null {
  try {
    const opened = openOutboxStore(workerData as OutboxOptions);
    port?.postMessage({ isOpen: true, state: stateOf(opened) } satisfies WorkerHello);
    return opened;
  } catch (error) {
    port?.postMessage({ isOpen: false, fault: faultOf(error) } satisfies WorkerHello);
    port?.close();
    return null;
  }
}

function answer(target: OutboxStore, { id, method, args }: WorkerRequest): WorkerReply {
  try {
    const call = target[method as keyof OutboxStore] as (...args: unknown[]) => unknown;
    return { id, isDone: true, answer: call(...args), state: stateOf(target) };
  } catch (error) {
    return { id, isDone: false, fault: faultOf(error) };
  }
}

function stateOf(opened: OutboxStore): OutboxState {
  const { damagedFile } = opened;
  const [epoch, isNewEpoch, backlog] = [opened.epoch(), opened.isNewEpoch(), opened.backlog()];
  return { epoch, isNewEpoch, damagedFile, backlog, held: opened.held() };
}

function faultOf(error: unknown): WorkerFault {
  if (isCoded(error)) return { code: error.code, message: error.message };
  // Opening writes, too, and reading can fail: whatever the disk refuses is told as that.
  if (isStorageFault(error))
    return { code: 'edge.outbox-write-failed', message: `the outbox's disk: ${String(error)}` };
  return { code: null, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
