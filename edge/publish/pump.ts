/** Moves packs from the outbox to the wire: in sequence, at most sixteen unacknowledged at a time. */
import type { KeptPack } from '../outbox/outbox.ts';

export type PumpPorts = {
  readonly read: (afterN: number, limit: { packs: number; bytes: number }) => Promise<KeptPack[]>;
  /** What the log asked for again and does not wait; empty when that is done. */
  readonly readWanted: (limit: { packs: number; bytes: number }) => Promise<KeptPack[]>;
  /** `isAcknowledged` false: the connection is broken, and the next session begins at the mark. */
  readonly send: (pack: KeptPack, done: (isAcknowledged: boolean) => void) => void;
  readonly onFault: () => void;
};

export type Pump = {
  /** There is something new to send. */
  readonly wake: () => void;
  /** Begins again at the oldest pack the outbox still holds. */
  readonly rewind: () => void;
  /** Sends what the log asked for again before all that waits. */
  readonly sendWanted: () => void;
  readonly acknowledged: () => number;
  readonly end: () => void;
};

const IN_FLIGHT_MAX = 16;
const READ_LIMIT = { packs: 64, bytes: 262_144 };

export function createPump(ports: PumpPorts): Pump {
  let ahead: KeptPack[] = [];
  let [cursorN, inFlight, acknowledged, rewinds] = [0, 0, 0, 0];
  const ended = new AbortController();
  const wanted = createWantedLane(ports);

  const send = (pack: KeptPack) => {
    inFlight += 1;
    ports.send(pack, (isAcknowledged) => {
      inFlight -= 1;
      if (!isAcknowledged) return;
      acknowledged += 1;
      pump();
    });
  };
  const fillWindow = async () => {
    while (!ended.signal.aborted && inFlight < IN_FLIGHT_MAX) {
      const again = wanted.isWaiting() ? await wanted.next() : undefined;
      if (again !== undefined) {
        send(again);
        continue;
      }
      if (ahead.length === 0) {
        const rewindsBefore = rewinds;
        const read = await ports.read(cursorN, READ_LIMIT);
        // A rewind meanwhile makes what was read obsolete.
        if (rewinds !== rewindsBefore) continue;
        ahead = read;
      }
      const next = ahead.shift();
      if (next === undefined) return;
      cursorN = next.n;
      send(next);
    }
  };
  const pump = oneAtATime(fillWindow, ports.onFault);
  return {
    wake: pump,
    rewind: () => {
      ahead = [];
      cursorN = 0;
      rewinds += 1;
      pump();
    },
    sendWanted: () => {
      wanted.ask();
      pump();
    },
    acknowledged: () => acknowledged,
    end: () => ended.abort(),
  };
}

/** Beside the order of what waits: where the pump stands in that order does not move. */
function createWantedLane({ readWanted }: Pick<PumpPorts, 'readWanted'>) {
  let packs: KeptPack[] = [];
  let isAsked = false;
  return {
    ask: () => {
      isAsked = true;
    },
    isWaiting: () => isAsked || packs.length > 0,
    next: async () => {
      if (packs.length === 0) {
        packs = await readWanted(READ_LIMIT);
        isAsked = packs.length > 0;
      }
      return packs.shift();
    },
  };
}

/** Asked for while it runs, it runs once more: nothing that came in between is overlooked. */
function oneAtATime(work: () => Promise<void>, onFault: () => void): () => void {
  let [isRunning, isAskedAgain] = [false, false];
  const run = async () => {
    isAskedAgain = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isAskedAgain) {
        isAskedAgain = false;
        await work();
      }
    } catch {
      onFault();
    } finally {
      isRunning = false;
    }
  };
  return () => void run();
}
