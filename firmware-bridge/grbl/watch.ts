/** Watches one GRBL controller: asks `?`, nothing else ever, and tells what the machine is doing. */
import type { Duplex } from 'node:stream';
import type { Activity, Clock } from '@commonworks/core';
import { createLineSplitter } from '../stream/line-splitter.ts';
import { parseGrblLine } from './parse-line.ts';

/** `raw` is the line that said so. `isReset` when the controller started anew: its session is another one. */
export type MachineChange = {
  readonly activity: Activity;
  readonly raw: string;
  readonly timeMs: number;
  readonly isReset: boolean;
};

export type GrblWatchOptions = {
  readonly now: Clock;
  /** Real time, for staleness: a demo's clock may run faster than the wire. */
  readonly monotonicMs: () => number;
  readonly onChange: (change: MachineChange) => void;
};

export type GrblWatch = {
  readonly attach: (stream: Duplex) => void;
  /** The link is gone. An absent port means that the controller, which feeds it, has no power. */
  readonly detach: (reason: string, isAbsent: boolean) => void;
  /** Asks for a status report; resolves when it has come, or after `waitMs`. */
  readonly poll: (waitMs: number) => Promise<void>;
  readonly activity: () => Activity;
};

/** No report during homing or a critical alarm (interface.md), and one may be lost: not offline after a single miss. */
const STALE_AFTER_MS = 5000;
/** One byte, picked out of the stream by the controller at once; it changes nothing (GRBL 1.1 commands.md). */
const STATUS_REQUEST = '?';

export function createGrblWatch(options: GrblWatchOptions): GrblWatch {
  let stream: Duplex | null = null;
  let activity: Activity = 'unknown';
  let heardMs = Number.NEGATIVE_INFINITY;
  const waiting = new Set<() => void>();

  const become = (next: Activity, raw: string, isReset = false) => {
    if (next === activity && !isReset) return;
    activity = next;
    options.onChange({ activity, raw: raw.slice(0, 200), timeMs: options.now(), isReset });
  };
  const hear = (line: string) => {
    const said = parseGrblLine(line);
    if (said.kind === 'other' || said.kind === 'ok' || said.kind === 'error') return;
    heardMs = options.monotonicMs();
    if (said.kind === 'welcome') become('unknown', line, true);
    if (said.kind === 'alarm') become('alarm', line);
    if (said.kind !== 'status') return;
    become(said.activity, line);
    for (const resolve of waiting) resolve();
  };
  return {
    attach: (opened) => {
      const split = createLineSplitter();
      stream = opened;
      opened.on('data', (chunk: Uint8Array) => {
        for (const line of split(chunk)) hear(line);
      });
    },
    detach: (reason, isAbsent) => {
      stream = null;
      become(isAbsent ? 'off' : 'unknown', reason);
    },
    poll: async (waitMs) => {
      if (stream?.writable !== true) return;
      const answered = reportOrTimeout(waiting, waitMs);
      stream.write(STATUS_REQUEST);
      await answered;
      const silentMs = options.monotonicMs() - heardMs;
      if (silentMs > STALE_AFTER_MS && activity !== 'unknown') become('unknown', 'no status report');
    },
    activity: () => activity,
  };
}

function reportOrTimeout(waiting: Set<() => void>, waitMs: number): Promise<void> {
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
