/** One P1 port: keeps the newest telegrams and answers what the meter showed at an instant. */
import type { Duplex } from 'node:stream';
import { type Clock, CodedError, type IdentityEvent, type PointName } from '@commonworks/core';
import type { P1Profile } from '../profile/schema.ts';
import type { Reading } from '../read/point-value.ts';
import { p1Readings } from './p1-reading.ts';
import { parseTelegram, type Telegram } from './parse-telegram.ts';
import { createTelegramSplitter } from './telegram-splitter.ts';

export type P1Options = {
  readonly profile: P1Profile;
  readonly zone: string;
  readonly now: Clock;
  /** False while `now` may be any time: the meter's clock cannot be held against it. */
  readonly isTimeKnown: () => boolean;
};
export type P1Snapshot = {
  readonly timeMs: number;
  readonly readings: Map<PointName, Reading>;
  readonly seen: readonly string[];
};

export type P1Meter = {
  readonly attach: (stream: Duplex) => void;
  /**
   * The first telegram of `tickMs` or later, waiting at most `waitMs` for it; else the newest younger than `ageMaxMs`.
   * @throws CodedError `edge.p1-silent`, or `edge.p1-crc`/`edge.p1-malformed` when that is all that came.
   */
  readonly read: (tickMs: number, options: { waitMs: number; ageMaxMs: number }) => Promise<P1Snapshot>;
  /** Of the newest telegram. */
  readonly identity: () => IdentityEvent | null;
  readonly rejectedCount: () => number;
};

const KEPT = 16;
/** A meter's clock that is further off is not believed; the arrival counts. */
const CLOCK_TOLERANCE_MS = 300_000;
/** Meters that send each second show the instant itself; their stamp is a whole second. */
const SAME_INSTANT_MS = 1000;

export function createP1Meter(options: P1Options): P1Meter {
  const kept: { timeMs: number; telegram: Telegram }[] = [];
  const waiting = new Set<() => void>();
  let rejected = 0;
  let lastFault: CodedError | null = null;

  const take = (text: string) => {
    try {
      const telegram = parseTelegram(text, options.zone);
      const arrivedMs = options.now();
      kept.push({ timeMs: options.isTimeKnown() ? believedTime(telegram, arrivedMs) : arrivedMs, telegram });
      if (kept.length > KEPT) kept.shift();
      lastFault = null;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      rejected += 1;
      lastFault = error;
    }
    for (const wake of waiting) wake();
  };
  const snapshot = (entry: { timeMs: number; telegram: Telegram }, tickMs: number): P1Snapshot => {
    const isInstant = entry.timeMs >= tickMs && entry.timeMs - tickMs < SAME_INSTANT_MS;
    return {
      timeMs: isInstant ? tickMs : entry.timeMs,
      readings: p1Readings(options.profile, entry.telegram),
      seen: entry.telegram.seen,
    };
  };
  return {
    attach: (stream) => {
      const split = createTelegramSplitter();
      stream.on('data', (chunk: Uint8Array) => {
        for (const text of split(chunk)) take(text);
      });
    },
    read: async (tickMs, { waitMs, ageMaxMs }) => {
      const deadlineMs = performance.now() + waitMs;
      for (;;) {
        // What is far ahead came before the clock was set back.
        const entry = kept.find(({ timeMs }) => timeMs >= tickMs && timeMs - tickMs <= CLOCK_TOLERANCE_MS);
        if (entry !== undefined) return snapshot(entry, tickMs);
        const leftMs = deadlineMs - performance.now();
        if (leftMs <= 0) break;
        await nextTelegram(waiting, leftMs);
      }
      const newest = kept.at(-1);
      if (newest !== undefined && newest.timeMs > tickMs - ageMaxMs) return snapshot(newest, tickMs);
      throw lastFault ?? new CodedError('edge.p1-silent', 'no telegram came');
    },
    identity: () => kept.at(-1)?.telegram.identity ?? null,
    rejectedCount: () => rejected,
  };
}

function believedTime(telegram: Telegram, arrivedMs: number): number {
  const stated = telegram.timeMs;
  return stated !== null && Math.abs(stated - arrivedMs) <= CLOCK_TOLERANCE_MS ? stated : arrivedMs;
}

function nextTelegram(waiting: Set<() => void>, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      waiting.delete(done);
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    waiting.add(done);
  });
}
