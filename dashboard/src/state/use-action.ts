/** Something a button does: busy while it lasts, refused with a coded error, never twice at once. */
import { useState } from 'preact/hooks';
import { type ApiError, toApiError } from '../api/api-error.ts';

export type Action = {
  readonly isBusy: boolean;
  readonly error: ApiError | undefined;
  /** True when it was done, false when it was refused. */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
};

export function useAction(): Action {
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const run = async (work: () => Promise<unknown>) => {
    if (isBusy) return false;
    setBusy(true);
    setError(undefined);
    try {
      await work();
      return true;
    } catch (cause) {
      setError(toApiError(cause));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, run };
}
