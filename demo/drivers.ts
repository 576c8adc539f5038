/** The processes that follow the replay: who is there, and how far each driver and observer has come. */
import type { Socket } from 'node:net';
import { writeLine } from '@commonworks/clock/json-lines.ts';
import { createWaits, type Waits } from './waits.ts';

type Driver = {
  socket: Socket | null;
  /** Monotonic time at which its connection ended. */
  goneMs: number;
  arrivedMs: number;
  /** The instant it has finished, once it asked for the next; undefined while it reads. */
  doneMs: number | null | undefined;
};

/** What the connections tell. */
export type DriverReports = {
  readonly joined: (name: string, socket: Socket) => void;
  readonly left: (name: string, socket: Socket) => void;
  readonly arrived: (name: string, atMs: number) => void;
  readonly asked: (name: string, doneMs: number | null) => void;
  /** An observer (broker, community) tells how far it has come; one that never does is not waited for. */
  readonly observerArrived: (socket: Socket, atMs: number) => void;
  readonly observerLeft: (socket: Socket) => void;
};

/** What the conductor waits for. */
export type DriverWaits = {
  /** All names have been seen; false after `waitMs`. */
  readonly present: (names: readonly string[], waitMs: number) => Promise<boolean>;
  /** Every connected driver knows that it is `atMs`, and no observer is far behind; false after `waitMs`. */
  readonly haveArrived: (atMs: number, waitMs: number) => Promise<boolean>;
  /** Puts the instant before all drivers that have not finished it, also before one that comes back meanwhile. */
  readonly release: (atMs: number) => void;
  /** Every driver has finished the instant; one that is gone is waited for `graceMs`. Names who was not. */
  readonly haveFinished: (atMs: number, wait: { waitMs: number; graceMs: number }) => Promise<string[]>;
};

export type Drivers = DriverReports & DriverWaits;

type Book = {
  readonly drivers: Map<string, Driver>;
  readonly observers: Map<Socket, number>;
  readonly waits: Waits;
  instantMs: number | null;
};

/** A busy broker may lag by two intervals, no more: it judges the packs of the drivers by its own clock. */
const OBSERVER_LAG_MAX_MS = 1_800_000;

/** `signal` ends every wait. */
export function createDrivers(signal: AbortSignal): Drivers {
  const book: Book = { drivers: new Map(), observers: new Map(), waits: createWaits(signal), instantMs: null };
  return { ...reports(book), ...waitsFor(book) };
}

function reports(book: Book): DriverReports {
  const update = (name: string, change: (driver: Driver) => void) => {
    const known = book.drivers.get(name);
    const driver = known ?? { socket: null, goneMs: 0, arrivedMs: Number.NEGATIVE_INFINITY, doneMs: undefined };
    if (known === undefined) book.drivers.set(name, driver);
    change(driver);
    book.waits.changed();
  };
  return {
    joined: (name, socket) => update(name, (driver) => Object.assign(driver, { socket, doneMs: undefined })),
    left: (name, socket) =>
      update(name, (driver) => {
        if (driver.socket === socket) Object.assign(driver, { socket: null, goneMs: performance.now() });
      }),
    arrived: (name, atMs) => update(name, (driver) => Object.assign(driver, { arrivedMs: atMs })),
    asked: (name, doneMs) =>
      update(name, (driver) => {
        driver.doneMs = doneMs;
        offer(book, driver);
      }),
    observerArrived: (socket, atMs) => {
      book.observers.set(socket, atMs);
      book.waits.changed();
    },
    observerLeft: (socket) => {
      book.observers.delete(socket);
      book.waits.changed();
    },
  };
}

function waitsFor(book: Book): DriverWaits {
  const { drivers, observers, waits } = book;
  const everyDriver = (isTrue: (driver: Driver) => boolean) => [...drivers.values()].every(isTrue);
  return {
    present: (names, waitMs) => waits.until(() => names.every((name) => drivers.has(name)), waitMs),
    haveArrived: async (atMs, waitMs) => {
      const lagging = () => [...observers].filter(([, seenMs]) => seenMs < atMs - OBSERVER_LAG_MAX_MS);
      const haveDrivers = () => everyDriver((driver) => driver.socket === null || driver.arrivedMs >= atMs);
      const haveAll = await waits.until(() => lagging().length === 0 && haveDrivers(), waitMs);
      // One that hangs is waited for once; when it speaks again it counts again.
      for (const [socket] of lagging()) observers.delete(socket);
      return haveAll;
    },
    release: (atMs) => {
      book.instantMs = atMs;
      for (const driver of drivers.values()) offer(book, driver);
    },
    haveFinished: async (atMs, { waitMs, graceMs }) => {
      const isAway = (driver: Driver) => driver.socket === null && performance.now() - driver.goneMs >= graceMs;
      await waits.until(() => everyDriver((driver) => hasFinished(driver, atMs) || isAway(driver)), waitMs);
      return [...drivers].filter(([, driver]) => !hasFinished(driver, atMs)).map(([name]) => name);
    },
  };
}

function hasFinished(driver: Driver, atMs: number): boolean {
  return (driver.doneMs ?? Number.NEGATIVE_INFINITY) >= atMs;
}

/** The present instant for a driver that asks and has not finished it. */
function offer(book: Book, driver: Driver): void {
  if (book.instantMs === null || driver.socket === null || driver.doneMs === undefined) return;
  if (hasFinished(driver, book.instantMs)) return;
  driver.doneMs = undefined;
  writeLine(driver.socket, { type: 'instant', atMs: book.instantMs });
}
