/** Moves packs from the outbox to the wire: in sequence, at most sixteen unacknowledged at a time. */
import type { KeptPack } from '../outbox/outbox.ts';

export type PumpPorts = {
  readonly read: (afterN: number, limit: { packs: number; bytes: number }) => Promise<KeptPack[]>;
  /** `isAcknowledged` false: the connection is broken, and the next session begins at the mark. */
  readonly send: (pack: KeptPack, done: (isAcknowledged: boolean) => void) => void;
  readonly onFault: () => void;
};

export type Pump = {
  /** There is something new to send. */
  readonly wake: () => void;
  /** Begins again at the oldest pack the outbox still holds. */
  readonly rewind: () => void;
  readonly acknowledged: () => number;
  readonly end: () => void;
};

const IN_FLIGHT_MAX = 16;
const READ_LIMIT = { packs: 64, bytes: 262_144 };

export function createPump(ports: PumpPorts): Pump {
  let ahead: KeptPack[] = [];
  let [cursorN, inFlight, acknowledged, rewinds] = [0, 0, 0, 0];
  let [isEnded, isPumping, wantsMore] = [false, false, false];

  const send = (pack: KeptPack) => {
    inFlight += 1;
    cursorN = pack.n;
    ports.send(pack, (isAcknowledged) => {
      inFlight -= 1;
      if (!isAcknowledged) return;
      acknowledged += 1;
      void pump();
    });
  };
  const fillWindow = async () => {
    while (!isEnded && inFlight < IN_FLIGHT_MAX) {
      if (ahead.length === 0) {
        const rewindsBefore = rewinds;
        const read = await ports.read(cursorN, READ_LIMIT);
        // A rewind meanwhile makes what was read obsolete.
        if (rewinds !== rewindsBefore) continue;
        ahead = read;
      }
      const next = ahead.shift();
      if (next === undefined) return;
      send(next);
    }
  };
  const pump = async (): Promise<void> => {
    wantsMore = true;
    if (isPumping) return;
    isPumping = true;
    try {
      while (wantsMore && !isEnded) {
        wantsMore = false;
        await fillWindow();
      }
    } catch {
      ports.onFault();
    } finally {
      isPumping = false;
    }
  };
  return {
    wake: () => void pump(),
    rewind: () => {
      ahead = [];
      cursorN = 0;
      rewinds += 1;
      void pump();
    },
    acknowledged: () => acknowledged,
    end: () => {
      isEnded = true;
    },
  };
}
