/** Brings the list of who may connect to the broker, and again until it is taken. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '@commonworks/core';
import type { Db } from '../database.ts';
import { currentAccess, overtake } from './access-document.ts';

const TIMEOUT_MS = 5000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 15_000;
/** Sent again now and then: a broker set up anew has forgotten. */
const REFRESH_MS = 60_000;

export type AccessSync = {
  /** Something changed: send now. */
  readonly push: () => void;
  /** Whether the broker has the newest list, and since when that is so (real time). */
  readonly state: () => { isCurrent: boolean; sinceMs: number };
};

export type AccessSyncOptions = {
  readonly db: Db;
  readonly community: string;
  readonly log: { readonly url: string; readonly token: string };
  readonly now: () => number;
  /** Transitions only; null: it is taken again. */
  readonly onFault: (fault: CodedError | null) => void;
};

/** Runs until the signal aborts. */
export function startAccessSync(options: AccessSyncOptions, signal: AbortSignal): AccessSync {
  let state = { isCurrent: false, sinceMs: options.now() };
  let wake = new AbortController();
  const become = (isCurrent: boolean) => {
    if (state.isCurrent !== isCurrent) state = { isCurrent, sinceMs: options.now() };
  };
  const pause = (ms: number) =>
    sleep(ms, undefined, { signal: AbortSignal.any([signal, wake.signal]) }).catch(() => {});
  async function run(): Promise<void> {
    let retryMs = RETRY_MIN_MS;
    let isFaulty = false;
    while (!signal.aborted) {
      wake = new AbortController();
      try {
        await send(options, signal);
        if (isFaulty) options.onFault(null);
        isFaulty = false;
        retryMs = RETRY_MIN_MS;
        become(true);
        await pause(REFRESH_MS);
      } catch (cause) {
        if (signal.aborted) return;
        become(false);
        if (!isFaulty) options.onFault(toFault(cause));
        isFaulty = true;
        await pause(retryMs);
        retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
      }
    }
  }
  void run();
  return {
    push() {
      become(false);
      wake.abort();
    },
    state: () => state,
  };
}

async function send(options: AccessSyncOptions, signal: AbortSignal): Promise<void> {
  const document = await currentAccess(options.db, options.community);
  const { url, token } = options.log;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const limit = () => AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const body = JSON.stringify(document);
  const response = await fetch(`${url}/access`, { method: 'PUT', headers, body, signal: limit() });
  await response.body?.cancel();
  if (response.ok) return;
  if (response.status !== 409) throw new Error(`status ${response.status}`);
  const status = (await (await fetch(`${url}/status`, { headers, signal: limit() })).json()) as {
    accessVersion?: unknown;
  };
  const known = Number(status.accessVersion);
  if (!Number.isSafeInteger(known)) throw new Error('the broker does not tell its version');
  await overtake(options.db, options.community, known);
  throw new Error(`the broker had version ${known}, newer than ours: sent again with a higher one`);
}

function toFault(cause: unknown): CodedError {
  return new CodedError('access.sync-failed', `the broker did not take the access list: ${String(cause)}`, { cause });
}
