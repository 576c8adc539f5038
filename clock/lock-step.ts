/** A driver's side of the replay: several tick loops of one process move on together, as one. */

/** Resolves with the next instant, or null when the wait ended without one (mode changed, clock closed). */
type Waiter = (atMs: number | null) => void;

export type LockStep = {
  /** A loop enters with its first wait and leaves when it ends; the world waits for all that entered. */
  readonly next: (loop: object) => Promise<number | null>;
  readonly leave: (loop: object) => void;
  readonly onInstant: (atMs: number) => void;
  /** The connection is new: what was asked before was lost. */
  readonly onConnect: () => void;
  readonly release: () => void;
};

/** `advance` tells the world that everything at `doneMs` has been read. */
export function createLockStep(advance: (doneMs: number | null) => void): LockStep {
  const loops = new Set<object>();
  const waiting = new Map<object, Waiter>();
  let doneMs: number | null = null;
  let isAsked = false;

  const askWhenAllWait = () => {
    // After the current turn: loops that start together are counted together.
    setImmediate(() => {
      if (isAsked || loops.size === 0 || waiting.size < loops.size) return;
      isAsked = true;
      advance(doneMs);
    });
  };
  const settle = (atMs: number | null) => {
    isAsked = false;
    const ready = [...waiting.values()];
    waiting.clear();
    for (const resolve of ready) resolve(atMs);
  };
  return {
    next: (loop) =>
      new Promise((resolve) => {
        loops.add(loop);
        waiting.set(loop, resolve);
        askWhenAllWait();
      }),
    leave: (loop) => {
      loops.delete(loop);
      waiting.delete(loop);
      askWhenAllWait();
    },
    onInstant: (atMs) => {
      doneMs = atMs;
      settle(atMs);
    },
    onConnect: () => {
      isAsked = false;
      askWhenAllWait();
    },
    release: () => settle(null),
  };
}
