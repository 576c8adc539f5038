/** The processes that follow the replay: who is there, and how far each driver and observer has come. */
import type { Socket } from 'node:net';
import { writeLine } from '@commonworks/clock/json-lines.ts';

type Driver = {
  socket: Socket | null;
  /** Real time at which its connection ended. */
  goneMs: number;
  arrivedMs: number;
  /** The instant it has finished, once it asked for the next; undefined while it reads. */
  doneMs: number | null | undefined;
};

export type Drivers = {
  readonly joined: (name: string, socket: Socket) => void;
  readonly left: (name: string, socket: Socket) => void;
  readonly arrived: (name: string, atMs: number) => void;
  readonly asked: (name: string, doneMs: number | null) => void;
  /** All names have been seen; false after `waitMs`. */
  readonly present: (names: readonly string[], waitMs: number) => Promise<boolean>;
  /** An observer (broker, community) tells how far it has come; one that never does is not waited for. */
  readonly observerArrived: (socket: Socket, atMs: number) => void;
  readonly observerLeft: (socket: Socket) => void;
  /** Every connected driver knows that it is `atMs`, and no observer is far behind; false after `waitMs`. */
  readonly haveArrived: (atMs: number, waitMs: number) => Promise<boolean>;
  /** Puts the instant before all drivers that have not finished it, also before one that comes back meanwhile. */
  readonly release: (atMs: number) => void;
  /** Every driver has finished the instant; one that is gone is waited for `graceMs`. Names who was not. */
  readonly haveFinished: (atMs: number, wait: { waitMs: number; graceMs: number }) => Promise<string[]>;
};

/** A busy broker may lag by two intervals, no more: it judges the packs of the drivers by its own clock. */
const OBSERVER_LAG_MAX_MS = 1_800_000;

export function createDrivers(signal: AbortSignal, now: () => number = () => performance.now()): Drivers {
  const drivers = new Map<string, Driver>();
  const observers = new Map<Socket, number>();
  let instantMs: number | null = null;
  let changed: () => void = () => {};
  signal.addEventListener('abort', () => changed(), { once: true });

  const hasFinished = (driver: Driver, atMs: number) => (driver.doneMs ?? Number.NEGATIVE_INFINITY) >= atMs;
  const offer = (driver: Driver) => {
    if (instantMs === null || driver.socket === null || driver.doneMs === undefined) return;
    if (hasFinished(driver, instantMs)) return;
    driver.doneMs = undefined;
    writeLine(driver.socket, { type: 'instant', atMs: instantMs });
  };
  const until = async (isTrue: () => boolean, deadlineMs: () => number): Promise<boolean> => {
    while (!isTrue()) {
      const leftMs = deadlineMs() - now();
      if (leftMs <= 0 || signal.aborted) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 1000));
        changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  };
  const update = (name: string, change: (driver: Driver) => void) => {
    const known = drivers.get(name);
    const driver = known ?? { socket: null, goneMs: 0, arrivedMs: Number.NEGATIVE_INFINITY, doneMs: undefined };
    if (known === undefined) drivers.set(name, driver);
    change(driver);
    changed();
  };
  return {
    joined: (name, socket) =>
      update(name, (driver) => {
        driver.socket = socket;
        driver.doneMs = undefined;
      }),
    left: (name, socket) =>
      update(name, (driver) => {
        if (driver.socket !== socket) return;
        driver.socket = null;
        driver.goneMs = now();
      }),
    arrived: (name, atMs) =>
      update(name, (driver) => {
        driver.arrivedMs = atMs;
      }),
    asked: (name, doneMs) =>
      update(name, (driver) => {
        driver.doneMs = doneMs;
        offer(driver);
      }),
    present: (names, waitMs) => {
      const deadlineMs = now() + waitMs;
      return until(
        () => names.every((name) => drivers.has(name)),
        () => deadlineMs,
      );
    },
    observerArrived: (socket, atMs) => {
      observers.set(socket, atMs);
      changed();
    },
    observerLeft: (socket) => {
      observers.delete(socket);
      changed();
    },
    haveArrived: async (atMs, waitMs) => {
      const deadlineMs = now() + waitMs;
      const lagging = () => [...observers].filter(([, seenMs]) => seenMs < atMs - OBSERVER_LAG_MAX_MS);
      const haveAll = await until(
        () =>
          lagging().length === 0 &&
          [...drivers.values()].every((driver) => driver.socket === null || driver.arrivedMs >= atMs),
        () => deadlineMs,
      );
      // One that hangs is waited for once; when it speaks again it counts again.
      for (const [socket] of lagging()) observers.delete(socket);
      return haveAll;
    },
    release: (atMs) => {
      instantMs = atMs;
      for (const driver of drivers.values()) offer(driver);
    },
    haveFinished: async (atMs, { waitMs, graceMs }) => {
      const deadlineMs = now() + waitMs;
      const isLate = (driver: Driver) =>
        !hasFinished(driver, atMs) && (driver.socket !== null || now() - driver.goneMs < graceMs);
      await until(
        () => ![...drivers.values()].some(isLate),
        // A driver that is gone ends the wait by its grace, not by a message.
        () => deadlineMs,
      );
      return [...drivers].filter(([, driver]) => !hasFinished(driver, atMs)).map(([name]) => name);
    },
  };
}
