/** One answer for all who ask while another is being worked out: never one that began before they asked. */

/** However many ask, at most one call runs and one waits. */
export function shareCalls<T>(call: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> | null = null;
  let next: Promise<T> | null = null;
  return () => {
    next ??= (running ?? Promise.resolve()).then(() => {
      next = null;
      const begun = call();
      running = begun.catch(() => undefined);
      return begun;
    });
    return next;
  };
}
