/** Seeded randomness as a pure function of position: the same seed and index always give the same number. */

/** Uniform in [0, 1) for any whole index. */
export type Draw = (index: number) => number;

/** A stream of its own per name, so that adding a device does not change the others. */
export function createDraw(seed: number, name: string): Draw {
  let base = mix(0x9e3779b9, seed | 0);
  for (let i = 0; i < name.length; i++) base = mix(base, name.charCodeAt(i));
  return (index) => {
    const low = mix(base, index | 0);
    return finish(mix(low, Math.floor(index / 2 ** 32) | 0)) / 2 ** 32;
  };
}

/** Smooth noise in [0, 1): the stream's values at whole positions, joined by cosines. */
export function smooth(draw: Draw, position: number): number {
  const index = Math.floor(position);
  const weight = (1 - Math.cos((position - index) * Math.PI)) / 2;
  return draw(index) * (1 - weight) + draw(index + 1) * weight;
}

/** Three octaves of smooth noise, about [0, 1). */
export function rough(draw: Draw, position: number): number {
  return (
    (4 * smooth(draw, position) + 2 * smooth(draw, position * 2.7 + 1000) + smooth(draw, position * 7.3 + 9000)) / 7
  );
}

export function between(share: number, low: number, high: number): number {
  return low + share * (high - low);
}

/** Murmur3's round and finaliser: cheap, and good enough to show no pattern to the eye. */
function mix(state: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = state ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(state: number): number {
  let h = state ^ (state >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
