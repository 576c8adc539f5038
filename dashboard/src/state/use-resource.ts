/** Something fetched for a page: loading, ready or failed; kept on screen while it is fetched again. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { type ApiError, toApiError } from '../api/api-error.ts';

export type Resource<T> = {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
};

/** Fetches again whenever a key changes; an answer that comes too late for its key is dropped. */
export function useResource<T>(fetchIt: (signal: AbortSignal) => Promise<T>, keys: readonly unknown[]): Resource<T> {
  const [round, setRound] = useState(0);
  const [state, setState] = useState<{ data?: T; error?: ApiError; isLoading: boolean }>({ isLoading: true });
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    setState(({ data }) => (data === undefined ? { isLoading: true } : { data, isLoading: true }));
    fetchIt(signal).then(
      (data) => !signal.aborted && setState({ data, isLoading: false }),
      (error) =>
        !signal.aborted &&
        setState(({ data }) => ({
          ...(data === undefined ? {} : { data }),
          error: toApiError(error),
          isLoading: false,
        })),
    );
    return () => controller.abort();
  }, [...keys, round]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  return { data: state.data, error: state.error, isLoading: state.isLoading, reload };
}
