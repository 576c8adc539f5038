/** One request to our own server: JSON in, JSON out, failures as coded errors. */
import { ApiError, clientError, problemOf } from './api-error.ts';

export type Fetch = typeof fetch;
export type Call = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
};

const TIMEOUT_MS = 20_000;

/**
 * The parsed answer, or undefined for an empty one. Answers are not checked again here: they come from the same
 * origin, serialised by the server from the very schemas these types are made of.
 * @throws ApiError with the server's code, or `dashboard.unreachable` / `dashboard.answer-malformed`.
 */
export async function request(fetcher: Fetch, url: string, call: Call = {}): Promise<unknown> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
  const headers = { accept: 'application/json', ...call.headers };
  const init: RequestInit = { method: call.method ?? 'GET', headers, signal, credentials: 'same-origin' };
  if (call.body !== undefined) {
    init.body = JSON.stringify(call.body);
    init.headers = { ...headers, 'content-type': 'application/json' };
  }
  const response = await reach(fetcher, url, init);
  const body = await parse(response);
  if (!response.ok) throw problemOf(response.status, body);
  return body;
}

async function reach(fetcher: Fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetcher(url, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw clientError('dashboard.unreachable', 0, cause);
  }
}

async function parse(response: Response): Promise<unknown> {
  const body = await response.text();
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw clientError('dashboard.answer-malformed', response.status, cause);
  }
}

export function isUnauthorised(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}
