/** Time as a port: nothing but a process's entry point reads the machine's clock. */

/** UTC epoch milliseconds. */
export type Clock = () => number;

/** A clock that says how it runs: a demo shows on its pages that its time is not the world's. */
export type ClockStatus = {
  readonly nowMs: number;
  /** Seconds of community time per second of real time; 1 on a real site. */
  readonly speed: number;
  /** `system` on a real site; `replaying` while a demo catches up with its past. */
  readonly mode: 'system' | 'demo' | 'replaying';
};
