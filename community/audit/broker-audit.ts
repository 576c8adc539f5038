/** What the broker's own checks found, asked now and then. */
import { InvariantAudit } from '@commonworks/core/audit/index.ts';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

const TIMEOUT_MS = 3000;
const AGE_MAX_MS = 20_000;
const Told = Type.Array(InvariantAudit);

/** Never throws: without an answer the last one stands, and that the broker is away is an alarm of its own. */
export function createBrokerAuditReader(source: {
  url: string;
  token: string;
}): () => Promise<InvariantAudit[] | null> {
  let known: InvariantAudit[] | null = null;
  let askedMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - askedMs < AGE_MAX_MS) return known;
    askedMs = performance.now();
    const headers = { authorization: `Bearer ${source.token}` };
    try {
      const response = await fetch(`${source.url}/status`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const { audit } = (await response.json()) as { audit?: unknown };
      if (Value.Check(Told, audit)) known = audit;
    } catch {
      // It is asked again.
    }
    return known;
  };
}
