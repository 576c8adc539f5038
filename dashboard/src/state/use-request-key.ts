/** A key for a request that must not be done twice: the same one until it was done, another for another request. */
import { useRef } from 'preact/hooks';
import { idempotencyKey } from '../api/idempotency-key.ts';

export type RequestKey = { readonly of: (body: unknown) => string; readonly done: () => void };

/** An answer that was lost is asked for again with the same key, so that pressing once more is safe. */
export function useRequestKey(): RequestKey {
  const last = useRef<{ readonly text: string; readonly key: string } | null>(null);
  return {
    of(body) {
      const text = JSON.stringify(body);
      if (last.current?.text !== text) last.current = { text, key: idempotencyKey() };
      return last.current.key;
    },
    done() {
      last.current = null;
    },
  };
}
