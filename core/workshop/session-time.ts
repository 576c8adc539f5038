/** How long a machine ran during a session: observations become spans, spans become seconds. Unknown is its own kind. */
import type { Activity } from '../points.ts';
import type { Span } from '../time.ts';

/** What was seen at one moment. `boot` is the life of the process that saw it; `source` the pack it came in. */
export type Observation = {
  readonly timeMs: number;
  readonly activity: Activity;
  readonly boot: string;
  readonly source: string;
};

export type ActivitySpan = Span & { readonly activity: Activity; readonly source: string };

/** Between two observations further apart nobody knows what the machine did: a quarter hour and a minute. */
export const OBSERVATION_GAP_MAX_MS = 16 * 60_000;

/**
 * The time between two observations. It is what the earlier one saw when the same process watched all the while and
 * the gap is short enough; else unknown. Null when no time lies between (same instant, or late and out of order).
 */
export function spanBetween(before: Observation, after: Observation): ActivitySpan | null {
  if (after.timeMs <= before.timeMs) return null;
  const isWatched = before.boot === after.boot && after.timeMs - before.timeMs <= OBSERVATION_GAP_MAX_MS;
  const activity = isWatched ? before.activity : 'unknown';
  return { fromMs: before.timeMs, toMs: after.timeMs, activity, source: isWatched ? before.source : '' };
}

/** The parts of `spans` within the session, uncovered time as unknown, neighbours of one kind joined; ascending. */
export function sessionSpans(session: Span, spans: readonly ActivitySpan[]): ActivitySpan[] {
  const result: ActivitySpan[] = [];
  let reachedMs = session.fromMs;
  for (const span of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const fromMs = Math.max(span.fromMs, reachedMs);
    const toMs = Math.min(span.toMs, session.toMs);
    if (toMs <= fromMs) continue;
    if (fromMs > reachedMs) append(result, { fromMs: reachedMs, toMs: fromMs, activity: 'unknown', source: '' });
    append(result, { ...span, fromMs, toMs });
    reachedMs = toMs;
  }
  if (reachedMs < session.toMs) {
    append(result, { fromMs: reachedMs, toMs: session.toMs, activity: 'unknown', source: '' });
  }
  return result;
}

function append(spans: ActivitySpan[], span: ActivitySpan): void {
  const last = spans.at(-1);
  if (last !== undefined && last.activity === span.activity && last.toMs === span.fromMs) {
    spans[spans.length - 1] = { ...last, toMs: span.toMs };
    return;
  }
  spans.push(span);
}

/** Whole seconds, each kind rounded down once over the whole session: nobody pays for a begun second. */
export type SessionSeconds = { readonly runningS: number; readonly idleS: number; readonly unknownS: number };

/** Running is billed; off, idle, hold and alarm are idle; unknown is never billed. */
export function sessionSeconds(spans: readonly ActivitySpan[]): SessionSeconds {
  const totalMs = { running: 0, idle: 0, unknown: 0 };
  for (const span of spans) totalMs[billingKind(span.activity)] += span.toMs - span.fromMs;
  return {
    runningS: Math.floor(totalMs.running / 1000),
    idleS: Math.floor(totalMs.idle / 1000),
    unknownS: Math.floor(totalMs.unknown / 1000),
  };
}

function billingKind(activity: Activity): 'running' | 'idle' | 'unknown' {
  if (activity === 'running' || activity === 'unknown') return activity;
  return 'idle';
}
