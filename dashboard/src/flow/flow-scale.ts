/** How thick a flow is drawn: by the square root of its power, so that a kettle and a solar roof are both seen. */

/** Below this a node is at rest: meters and inverters never stand at exactly zero. */
export const REST_W = 20;
const REFERENCE_MIN_W = 5_000;
const WIDTH_MIN_PX = 2;

/** The power that is drawn at full width: a step of 1, 2, 5, 10 ... so that lines do not breathe with every value. */
export function referenceW(powersW: readonly (number | null)[]): number {
  const largest = Math.max(REFERENCE_MIN_W, ...powersW.map((power) => Math.abs(power ?? 0)));
  const decade = 10 ** Math.floor(Math.log10(largest));
  const step = [1, 2, 5, 10].find((factor) => largest <= factor * decade) ?? 10;
  return step * decade;
}

/** Width in px, at most `maxPx`; a quarter of the power is half the width. */
export function flowWidth(powerW: number, scale: { readonly referenceW: number; readonly maxPx: number }): number {
  const width = scale.maxPx * Math.sqrt(Math.abs(powerW) / scale.referenceW);
  return Math.min(scale.maxPx, Math.max(WIDTH_MIN_PX, width));
}
