/** Reads the broker's log over HTTP. */
import { CodedError, isCoded, LogChanged, LogPage } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { ReadLogPage } from './follow-log.ts';
import type { LogPlace } from './log-place.ts';

/** Half a month of two edges' quarter hours: a transaction of some hundred milliseconds. */
const ENTRIES_MAX = 500;
/** Beyond the time the broker may hold the request. */
const GRACE_MS = 10_000;

/** @throws CodedError `community.log-unreachable`, `broker.log-changed` with a `LogChanged` as detail (of the returned function). */
export function logPageReader(log: { readonly url: string; readonly token: string }, signal: AbortSignal): ReadLogPage {
  return async (after, waitMs, place) => {
    const url = `${log.url}/log?after=${after}&limit=${ENTRIES_MAX}&waitMs=${waitMs}${query(place)}`;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs + GRACE_MS)]);
    try {
      const response = await fetch(url, { headers: { authorization: `Bearer ${log.token}` }, signal: limit });
      const body: unknown = await response.json();
      if (response.ok && Value.Check(LogPage, body)) return body;
      if (response.status === 409 && Value.Check(LogChanged, body)) {
        throw new CodedError('broker.log-changed', `${log.url}/log is another log now`, { detail: { ...body } });
      }
      throw new Error(`status ${response.status}`);
    } catch (cause) {
      if (isCoded(cause)) throw cause;
      throw new CodedError('community.log-unreachable', `${log.url}/log: ${String(cause)}`, { cause });
    }
  };
}

function query(place: LogPlace | null | undefined): string {
  if (place === null || place === undefined) return '';
  const hash = place.hash === null ? '' : `&hash=${place.hash}`;
  return `&log=${encodeURIComponent(place.log)}&generation=${place.generation}${hash}`;
}

/** What the broker said instead of a page; null when it was something else. */
export function changeOf(error: unknown): LogChanged | null {
  if (!isCoded(error, 'broker.log-changed')) return null;
  return Value.Check(LogChanged, error.detail) ? error.detail : null;
}
