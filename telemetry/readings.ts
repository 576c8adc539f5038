/** Register readings at given instants, from any store that can read a range. */
import { invariant } from '@commonworks/core';
import type { ReadRange, SeriesKey, SeriesPoint } from './port.ts';

/** `at` is a reading exactly at the instant; else its neighbours, each no further than the reach, else null. */
export type Reading = {
  readonly atMs: number;
  readonly at: SeriesPoint | null;
  readonly before: SeriesPoint | null;
  readonly after: SeriesPoint | null;
};

const INSTANTS_MAX = 100_000;

/** `atMs` ascending; readings without a value are passed over. */
export async function readingsAt(
  range: ReadRange,
  key: SeriesKey,
  options: { readonly atMs: readonly number[]; readonly withinMs: number },
): Promise<Reading[]> {
  const { atMs, withinMs } = options;
  invariant(atMs.length <= INSTANTS_MAX, `at most ${INSTANTS_MAX} instants at once`);
  const first = atMs[0];
  const last = atMs.at(-1);
  if (first === undefined || last === undefined) return [];
  const span = { fromMs: first - withinMs, toMs: last + withinMs + 1 };
  const points = (await range(key, span)).filter((point) => point.value !== null);
  let next = 0;
  return atMs.map((instantMs) => {
    while (next < points.length && (points[next]?.timeMs ?? 0) < instantMs) next++;
    const here = points[next];
    if (here?.timeMs === instantMs) return { atMs: instantMs, at: here, before: null, after: null };
    const reach = (point: SeriesPoint | undefined) =>
      point !== undefined && Math.abs(point.timeMs - instantMs) <= withinMs ? point : null;
    return { atMs: instantMs, at: null, before: reach(points[next - 1]), after: reach(here) };
  });
}
