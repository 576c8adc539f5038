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

/** What the conductor waits for. Names are of drivers that are waited for: none that was passed over, no guest that left. */
export type DriverWaits = {
  /** True once the list is empty; false after `waitMs`. */
  readonly until: (missing: () => readonly string[], waitMs: number) => Promise<boolean>;
  /** Expected drivers that were never seen. */
  readonly absent: () => string[];
  /** Connected drivers that do not know yet that it is `atMs`. */
  readonly unaware: (atMs: number) => string[];
  /** Drivers that have not finished the instant. An expected one that is gone is waited for like one that reads. */
  readonly unfinished: (atMs: number) => string[];
  /** Not waited for any more, until they speak again. */
  readonly passOver: (names: readonly string[]) => void;
  /** No observer is far behind; one that hangs is waited for once, and counts again when it speaks again. */
  readonly observersFollow: (atMs: number, waitMs: number) => Promise<boolean>;
  /** Puts the instant before all drivers that have not finished it, also before one that comes back meanwhile. */
  readonly release: (atMs: number) => void;
};

export type Drivers = DriverReports & DriverWaits;

type Book = {
  readonly drivers: Map<string, Driver>;
  readonly observers: Map<Socket, number>;
  readonly waits: Waits;
  readonly expected: readonly string[];
  readonly passedOver: Set<string>;
  instantMs: number | null;
};

/** A busy broker may lag by two intervals, no more: it judges the packs of the drivers by its own clock. */
const OBSERVER_LAG_MAX_MS = 1_800_000;

/** A driver that nobody expects (a test's, a visitor's) and whose connection ended is waited for this long. */
const GUEST_GRACE_MS = 60_000;

/** `signal` ends every wait. */
export function createDrivers(expected: readonly string[], signal: AbortSignal): Drivers {
  const known = { drivers: new Map(), observers: new Map(), passedOver: new Set<string>() };
  const book: Book = { ...known, waits: createWaits(signal), expected, instantMs: null };
  return { ...reports(book), ...waitsFor(book) };
}

function reports(book: Book): DriverReports {
  const update = (name: string, change: (driver: Driver) => void) => {
    const known = book.drivers.get(name);
    const driver = known ?? { socket: null, goneMs: 0, arrivedMs: Number.NEGATIVE_INFINITY, doneMs: undefined };
    if (known === undefined) book.drivers.set(name, driver);
    change(driver);
    if (driver.socket !== null) book.passedOver.delete(name);
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
  const { drivers, observers, waits, expected, passedOver } = book;
  const named = (isMissing: (driver: Driver) => boolean) =>
    [...drivers]
      .filter(([name, driver]) => isMissing(driver) && !passedOver.has(name) && !hasLeft(book, name))
      .map(([name]) => name);
  return {
    until: (missing, waitMs) => waits.until(() => missing().length === 0, waitMs),
    absent: () => expected.filter((name) => !drivers.has(name) && !passedOver.has(name)),
    unaware: (atMs) => named((driver) => driver.socket !== null && driver.arrivedMs < atMs),
    unfinished: (atMs) => named((driver) => !hasFinished(driver, atMs)),
    passOver: (names) => {
      for (const name of names) passedOver.add(name);
    },
    observersFollow: async (atMs, waitMs) => {
      const lagging = () => [...observers].filter(([, seenMs]) => seenMs < atMs - OBSERVER_LAG_MAX_MS);
      const follow = await waits.until(() => lagging().length === 0, waitMs);
      for (const [socket] of lagging()) observers.delete(socket);
      return follow;
    },
    release: (atMs) => {
      book.instantMs = atMs;
      for (const driver of drivers.values()) offer(book, driver);
    },
  };
}

/** A guest that is gone for good. */
function hasLeft({ drivers, expected }: Book, name: string): boolean {
  const driver = drivers.get(name);
  if (driver === undefined || driver.socket !== null || expected.includes(name)) return false;
  return performance.now() - driver.goneMs >= GUEST_GRACE_MS;
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
