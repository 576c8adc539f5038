/** Asks the broker's HTTP API now and then, for alarms and pages that look every few seconds. */

const TIMEOUT_MS = 3000;

export type BrokerSource = { readonly url: string; readonly token: string };

export type Asking<T> = {
  readonly path: string;
  /** So old an answer may be. */
  readonly ageMaxMs: number;
  /** Until there is one. */
  readonly first: T;
  /** Null for what is no answer. */
  readonly read: (body: Record<string, unknown>) => T | null;
};

/** Never throws: without an answer the last one stands, and that the broker is away is an alarm of its own. */
export function createBrokerReader<T>(source: BrokerSource, asking: Asking<T>): () => Promise<T> {
  const { path, ageMaxMs, first, read } = asking;
  let known = first;
  let askedMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - askedMs < ageMaxMs) return known;
    askedMs = performance.now();
    const headers = { authorization: `Bearer ${source.token}` };
    try {
      const response = await fetch(`${source.url}${path}`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      known = read((await response.json()) as Record<string, unknown>) ?? known;
    } catch {
      // It is asked again.
    }
    return known;
  };
}
