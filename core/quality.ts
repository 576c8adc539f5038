/** How far a value can be trusted; one closed scale from the register to the statement. */

/** Best to worst. A derived value carries the worst quality of what it was made from. */
export const QUALITIES = ['good', 'estimated', 'stale', 'implausible', 'fault', 'missing'] as const;
export type Quality = (typeof QUALITIES)[number];

/** The position on the scale, 0 is best; also the number stored in databases. */
export function qualityRank(quality: Quality): number {
  return QUALITIES.indexOf(quality);
}

export function qualityOfRank(rank: number): Quality {
  return QUALITIES[rank] ?? 'fault';
}

export function isQuality(text: string): text is Quality {
  return (QUALITIES as readonly string[]).includes(text);
}

/** The worst of the given qualities; `good` for an empty list. */
export function worstQuality(qualities: Iterable<Quality>): Quality {
  let worst = 0;
  for (const quality of qualities) worst = Math.max(worst, qualityRank(quality));
  return qualityOfRank(worst);
}
