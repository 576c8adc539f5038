/** A pack of the log as points of InfluxDB: a pure function of the record, so a replay overwrites itself. */
import type { Pack, PointName, Sample } from '@commonworks/core';
import { MONOTONIC_LIMIT_MS, qualityRank } from '@commonworks/core';

/**
 * The measurement is the point's name, so that a dashboard asks `FROM "activePowerW"`. `value` is absent when the
 * sample has none: missing is never zero. `quality` is the rank of core/quality.ts, 0 is best.
 */
export type InfluxPoint = {
  readonly measurement: PointName;
  readonly tags: { readonly community: string; readonly edge: string; readonly device: string };
  readonly fields: { readonly value?: number; readonly state?: string; readonly quality: number };
  /** UTC epoch milliseconds. */
  readonly timeMs: number;
};

/** Tag values are written unquoted: only these characters need no escape in any dialect of line protocol. */
const TAG_VALUE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

export function isTagValue(text: string): boolean {
  return TAG_VALUE.test(text);
}

/** Points of one pack in its order, and how many samples were left out because their time is not trusted yet. */
export function pointsOfPack(pack: Pack, community: string): { points: InfluxPoint[]; untimed: number } {
  const points: InfluxPoint[] = [];
  let untimed = 0;
  for (const sample of pack.samples) {
    if (sample.timeMs < MONOTONIC_LIMIT_MS) untimed++;
    else points.push(pointOfSample(sample, { community, edge: pack.edge, device: sample.device }));
  }
  return { points, untimed };
}

function pointOfSample(sample: Sample, tags: InfluxPoint['tags']): InfluxPoint {
  const quality = qualityRank(sample.quality);
  const { value } = sample;
  const fields =
    typeof value === 'number'
      ? { value, quality }
      : typeof value === 'string'
        ? { state: plainText(value), quality }
        : { quality };
  return { measurement: sample.point, tags, fields, timeMs: sample.timeMs };
}

/** A state is a word or two: what could end a line or a quoted string in line protocol becomes `_`. */
function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced here
  return text.slice(0, 200).replace(/[\u0000-\u001f\u007f"\\]/g, '_');
}
