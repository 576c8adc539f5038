/** Many wanted spans of registers to few requests. */

/** What must be read together: a value, or a value with its scale factor. `end` is exclusive. */
export type WantedSpan = { readonly table: string; readonly start: number; readonly end: number };
export type RequestSpan = { readonly table: string; readonly address: number; readonly count: number };
export type CoalesceLimits = { readonly registersMax: number; readonly gapMax: number };

/** Every wanted span lies whole within one request. @throws RangeError when one is longer than `registersMax`. */
export function coalesce(spans: readonly WantedSpan[], limits: CoalesceLimits): RequestSpan[] {
  const sorted = [...spans].sort((a, b) => a.table.localeCompare(b.table) || a.start - b.start || a.end - b.end);
  const requests: { table: string; start: number; end: number }[] = [];
  for (const span of sorted) {
    if (span.end - span.start > limits.registersMax) throw new RangeError('a value is longer than one request');
    const last = requests.at(-1);
    const isJoined =
      last !== undefined &&
      last.table === span.table &&
      span.start - last.end <= limits.gapMax &&
      Math.max(last.end, span.end) - last.start <= limits.registersMax;
    if (isJoined) last.end = Math.max(last.end, span.end);
    else requests.push({ table: span.table, start: span.start, end: span.end });
  }
  return requests.map(({ table, start, end }) => ({ table, address: start, count: end - start }));
}
