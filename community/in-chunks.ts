/** Rows for multi-row statements, in few sizes, so that few statements are prepared and each is used again. */

const SIZES = [64, 8, 1] as const;

export function* inChunks<T>(rows: readonly T[]): Generator<T[]> {
  let done = 0;
  for (const size of SIZES) {
    while (rows.length - done >= size) {
      yield rows.slice(done, done + size);
      done += size;
    }
  }
}
