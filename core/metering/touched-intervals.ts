/** Which intervals a late reading changes: exactly those whose steps are judged otherwise with it than without. */
import { type CounterPoint, type Judgement, judgeCounter } from './judge-counter.ts';
import type { CounterFacts, RegisterSample } from './register-sample.ts';

/**
 * Starts of the intervals to derive again, ascending.
 * @param samples one register's, strictly ascending, the late ones included, with as much around them as for deriving.
 * @param options.lateMs times of the readings that came since the intervals were derived.
 */
export function touchedIntervals(
  samples: readonly RegisterSample[],
  options: { facts: CounterFacts; lateMs: readonly number[]; lengthMs: number },
): number[] {
  const { facts, lateMs, lengthMs } = options;
  const late = new Set(lateMs);
  const judged = {
    before: judgeCounter(
      samples.filter((sample) => !late.has(sample.timeMs)),
      facts,
    ),
    after: judgeCounter(samples, facts),
  };
  const before = stepsOf(judged.before.points);
  const after = stepsOf(judged.after.points);
  let head = 0;
  while (head < before.length && head < after.length && before[head]?.key === after[head]?.key) head++;
  let tail = 0;
  const shorter = Math.min(before.length, after.length) - head;
  while (tail < shorter && before.at(-1 - tail)?.key === after.at(-1 - tail)?.key) tail++;
  const changed: Pick<Step, 'fromMs' | 'toMs'>[] = [
    ...before.slice(head, before.length - tail),
    ...after.slice(head, after.length - tail),
    ...glitchesOfOne(judged.before.judgements, judged.after.judgements),
  ];
  if (changed.length === 0) return [];
  const fromMs = Math.min(...changed.map((step) => step.fromMs));
  const toMs = Math.max(...changed.map((step) => step.toMs));
  const starts: number[] = [];
  for (let start = Math.floor(fromMs / lengthMs) * lengthMs; start <= toMs; start += lengthMs) starts.push(start);
  return starts;
}

/** What is ignored makes no step; that it was seen is still said of the interval that ends with or after it. */
function glitchesOfOne(a: readonly Judgement[], b: readonly Judgement[]): { fromMs: number; toMs: number }[] {
  const timesOf = (judgements: readonly Judgement[]) =>
    new Set(judgements.filter(({ kind }) => kind === 'glitch').map(({ timeMs }) => timeMs));
  const [before, after] = [timesOf(a), timesOf(b)];
  return [...before, ...after]
    .filter((timeMs) => before.has(timeMs) !== after.has(timeMs))
    .map((timeMs) => ({ fromMs: timeMs - 1, toMs: timeMs }));
}

type Step = { readonly fromMs: number; readonly toMs: number; readonly key: string };

/** Everything about a step that an interval can see; the first point is a step from itself. */
function stepsOf(points: readonly CounterPoint[]): Step[] {
  return points.map((point, i) => {
    const previous = points[i - 1] ?? point;
    const flowed = point.segment === previous.segment ? point.cumulativeMwh - previous.cumulativeMwh : 'unknown';
    return {
      fromMs: previous.timeMs,
      toMs: point.timeMs,
      key: [
        previous.timeMs,
        previous.registerMwh,
        previous.quality,
        point.timeMs,
        point.registerMwh,
        point.quality,
        flowed,
        point.step,
      ].join(),
    };
  });
}
