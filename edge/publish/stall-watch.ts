/** Notices that acknowledged packs are not marked as held, and has them sent again, ever more seldom. */

export type StallWatch = {
  /** The mark moved: everything is well. */
  readonly progress: () => void;
  readonly stop: () => void;
};

/** With a log behind the broker a mark comes within seconds; without one, repeating more often helps nobody. */
const RESEND_MAX_MS = 3_600_000;
const LOOK_MAX_MS = 5000;

export type StallPorts = {
  /** There is something acknowledged that no mark covers yet. */
  readonly isWaiting: () => boolean;
  readonly resend: () => void;
};

/** Behind an external broker an acknowledgement promises nothing; only the mark does. */
export function createStallWatch(resendMs: number, ports: StallPorts): StallWatch {
  let movedMs = performance.now();
  let patienceMs = resendMs;
  const look = () => {
    const nowMs = performance.now();
    if (!ports.isWaiting()) movedMs = nowMs;
    if (nowMs - movedMs < patienceMs) return;
    movedMs = nowMs;
    patienceMs = Math.min(patienceMs * 2, Math.max(RESEND_MAX_MS, resendMs));
    ports.resend();
  };
  const timer = setInterval(look, Math.min(resendMs, LOOK_MAX_MS));
  return {
    progress: () => {
      movedMs = performance.now();
      patienceMs = resendMs;
    },
    stop: () => clearInterval(timer),
  };
}
