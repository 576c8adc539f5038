/** Reads the broker's log over HTTP. */
import { CodedError, LogPage } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { ReadLogPage } from './follow-log.ts';

/** Half a month of two edges' quarter hours: a transaction of some hundred milliseconds. */
const ENTRIES_MAX = 500;
/** Beyond the time the broker may hold the request. */
const GRACE_MS = 10_000;

/** @throws CodedError `community.log-unreachable` (of the returned function). */
export function logPageReader(log: { readonly url: string; readonly token: string }, signal: AbortSignal): ReadLogPage {
  return async (after, waitMs) => {
    const url = `${log.url}/log?after=${after}&limit=${ENTRIES_MAX}&waitMs=${waitMs}`;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs + GRACE_MS)]);
    try {
      const response = await fetch(url, { headers: { authorization: `Bearer ${log.token}` }, signal: limit });
      const body: unknown = await response.json();
      if (response.ok && Value.Check(LogPage, body)) return body;
      throw new Error(`status ${response.status}`);
    } catch (cause) {
      throw new CodedError('community.log-unreachable', `${log.url}/log: ${String(cause)}`, { cause });
    }
  };
}
