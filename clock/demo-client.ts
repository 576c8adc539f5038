/** The demo clock seen from a process: follows the world's time, and in a replay moves in lock-step with it. */
import type { ClockStatus } from '@commonworks/core';
import { type ClockMessage, CodedError } from '@commonworks/core';
import { nextTick, pause } from './aligned-ticks.ts';
import { openLink } from './link.ts';
import { createLockStep, type LockStep } from './lock-step.ts';
import type { OpenedClock } from './types.ts';

export type DemoClockOptions = {
  readonly address: string;
  readonly signal: AbortSignal;
  readonly name?: string;
  readonly isDriver?: boolean;
  readonly connectTimeoutMs?: number;
  /** The machine's clock; injected by tests. */
  readonly realNow?: () => number;
};

export async function openDemoClock(options: DemoClockOptions): Promise<OpenedClock> {
  const closed = new AbortController();
  const signal = AbortSignal.any([options.signal, closed.signal]);
  const told = new AbortController();
  const time = createFollowedTime(options.realNow ?? Date.now);
  const isDriver = options.isDriver === true;
  const lockStep = createLockStep((doneMs) => link.send({ type: 'advance', doneMs }));
  const link = openLink(
    options.address,
    {
      onConnect: () => {
        link.send({ type: 'hello', name: options.name ?? 'observer', isDriver });
        lockStep.onConnect();
      },
      onMessage: (message) => {
        if (message.type === 'instant') lockStep.onInstant(message.atMs);
        if (message.type !== 'time') return;
        const hasModeChanged = time.follow(message);
        told.abort();
        if (hasModeChanged) lockStep.release();
        if (message.mode === 'replaying') link.send({ type: 'arrived', atMs: message.nowMs });
      },
    },
    signal,
  );
  signal.addEventListener('abort', () => lockStep.release(), { once: true });
  await pause(options.connectTimeoutMs ?? 10_000, [told.signal, signal]);
  if (!told.signal.aborted) {
    closed.abort();
    throw new CodedError('clock.unreachable', `no demo clock answers at ${options.address}`);
  }
  return {
    now: time.now,
    status: time.status,
    ticks: (periodMs, offsetMs = 0) =>
      demoTicks(isDriver ? lockStep : null, { time, signal, due: (afterMs) => nextTick(afterMs, periodMs, offsetMs) }),
    close: () => closed.abort(),
  };
}

type TickContext = {
  readonly time: FollowedTime;
  readonly signal: AbortSignal;
  /** The first aligned instant after the given one. */
  readonly due: (afterMs: number) => number;
};

async function* demoTicks(lockStep: LockStep | null, context: TickContext): AsyncGenerator<number, undefined> {
  const { time, signal, due } = context;
  const loop = {};
  let lastMs = Number.NEGATIVE_INFINITY;
  try {
    while (!signal.aborted) {
      if (lockStep !== null && time.status().mode === 'replaying') {
        const atMs = await lockStep.next(loop);
        // A restarted world repeats instants that were already handled: the first reading is kept.
        if (atMs === null || atMs <= lastMs) continue;
        lastMs = atMs;
        yield atMs;
      } else {
        lockStep?.leave(loop);
        const dueMs = due(Math.max(time.now(), lastMs));
        await time.reach(dueMs, signal);
        if (signal.aborted || time.now() < dueMs) continue;
        lastMs = latestDue(time.now(), dueMs, due);
        yield lastMs;
      }
    }
  } finally {
    lockStep?.leave(loop);
  }
}

/** The newest instant that is due: those between were missed and are not made up for. */
function latestDue(nowMs: number, dueMs: number, due: (afterMs: number) => number): number {
  const periodMs = due(dueMs) - dueMs;
  return dueMs + Math.floor((nowMs - dueMs) / periodMs) * periodMs;
}

type FollowedTime = {
  readonly now: () => number;
  readonly status: () => ClockStatus;
  /** True when the mode changed. */
  readonly follow: (message: ClockMessage & { type: 'time' }) => boolean;
  /** Resolves when the demo's time has reached `dueMs`, when the mode changes, or on the signal. */
  readonly reach: (dueMs: number, signal: AbortSignal) => Promise<void>;
};

function createFollowedTime(realNow: () => number): FollowedTime {
  let base = { nowMs: 0, speed: 1, mode: 'replaying' as 'replaying' | 'demo', realMs: 0 };
  let floorMs = 0;
  const waiters = new Map<AbortController, number>();
  const now = () => {
    const elapsedMs = base.mode === 'demo' ? Math.max(0, realNow() - base.realMs) * base.speed : 0;
    floorMs = Math.max(floorMs, Math.min(base.nowMs + elapsedMs, realNow()));
    return floorMs;
  };
  return {
    now: () => Math.floor(now()),
    status: () => ({ nowMs: Math.floor(now()), speed: base.speed, mode: base.mode }),
    follow: (message) => {
      const hasModeChanged = message.mode !== base.mode;
      base = { nowMs: message.nowMs, speed: message.speed, mode: message.mode, realMs: realNow() };
      for (const [waiter, dueMs] of waiters) if (hasModeChanged || dueMs <= now()) waiter.abort();
      return hasModeChanged;
    },
    reach: async (dueMs, signal) => {
      const waiter = new AbortController();
      waiters.set(waiter, dueMs);
      // Frozen in a replay: only a message can move it.
      const leftMs = base.mode === 'demo' ? (dueMs - now()) / base.speed : Number.POSITIVE_INFINITY;
      await pause(Math.ceil(leftMs), [waiter.signal, signal]);
      waiters.delete(waiter);
    },
  };
}
