/** Runs checks for ever at low priority: a slice, then a pause many times as long; a round of each when it is due. */
import { BEGINNING, type Check, justAfter, type Position, type Slice } from './check.ts';

/** 19 parts of rest for each of work: 5 % of one core. */
const REST_PER_WORK = 19;
/** So that a small site's slices of a millisecond do not wake a Raspberry Pi fifty times a second. */
const PAUSE_MIN_MS = 100;
/** When nothing is due it looks again after this. */
const IDLE_MS = 1000;

export type RunOptions = {
  readonly positions: ReadonlyMap<string, Position>;
  /** Elapsed time. */
  readonly elapsedMs: () => number;
  /** False ends the run. */
  readonly pause: (ms: number) => Promise<boolean>;
  readonly onSlice: (name: string, slice: Slice) => void;
  /** `later`: nobody's fault, look again; else what the finding says. */
  readonly judge: (error: unknown) => 'later' | string;
};

type Turn = { readonly check: Check; from: Position; beganMs: number; isRunning: boolean };

export async function runChecks(checks: readonly Check[], options: RunOptions): Promise<void> {
  const turns = checks.map((check): Turn => {
    const from = options.positions.get(check.name) ?? BEGINNING;
    // What was begun before a restart is gone on with.
    return { check, from, beganMs: Number.NEGATIVE_INFINITY, isRunning: from.after !== '' };
  });
  for (let last = -1; ; ) {
    const at = nextTurn(turns, last, options.elapsedMs());
    if (at !== null) last = at;
    const turn = at === null ? undefined : turns[at];
    const restMs = turn === undefined ? IDLE_MS : await takeTurn(turn, options);
    if (!(await options.pause(restMs))) return;
  }
}

/** Round robin, so that a long round keeps no short one waiting. */
function nextTurn(turns: readonly Turn[], last: number, nowMs: number): number | null {
  for (let i = 1; i <= turns.length; i++) {
    const at = (last + i) % turns.length;
    const turn = turns[at];
    if (turn === undefined || (!turn.isRunning && nowMs - turn.beganMs < turn.check.everyMs)) continue;
    if (!turn.isRunning) turn.beganMs = nowMs;
    turn.isRunning = true;
    return at;
  }
  return null;
}

async function takeTurn(turn: Turn, options: RunOptions): Promise<number> {
  const beganMs = options.elapsedMs();
  const slice = await lookSafely(turn.check, turn.from, options.judge);
  turn.from = slice.next;
  turn.isRunning = !slice.isRound;
  options.onSlice(turn.check.name, slice);
  return Math.max(PAUSE_MIN_MS, REST_PER_WORK * (options.elapsedMs() - beganMs));
}

/** A check that cannot look says so: it is never taken for one that found nothing. */
async function lookSafely(check: Check, from: Position, judge: RunOptions['judge']): Promise<Slice> {
  try {
    return await check.look(from);
  } catch (error) {
    const message = judge(error);
    if (message === 'later') return { next: from, isRound: true, checked: 0, faults: [], isSkipped: true };
    const fault = { at: justAfter(from.after), subject: `check ${check.name}`, message };
    return { next: BEGINNING, isRound: true, checked: 0, faults: [fault] };
  }
}

/** One whole round of each, without pauses: for a command, and for tests. */
export async function runOneRound(
  checks: readonly Check[],
  options: Pick<RunOptions, 'onSlice' | 'judge'> & Partial<Pick<RunOptions, 'positions'>>,
): Promise<void> {
  for (const check of checks) {
    for (let from = options.positions?.get(check.name) ?? BEGINNING, isOver = false; !isOver; ) {
      const slice = await lookSafely(check, from, options.judge);
      options.onSlice(check.name, slice);
      from = slice.next;
      isOver = slice.isRound;
    }
  }
}
