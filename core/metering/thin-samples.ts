/** Which readings of an interval can ever serve: a register read every ten seconds would fill the disk, and the log has the rest. */

/** The edge, one to judge it by; and the last, from which the next edge is estimated. */
export const KEPT_FIRST = 2;
export const KEPT_LAST = 1;

/** @param inOrder everything known of one interval, ascending in time; kept sets can be merged and thinned again. */
export function keptOfInterval<T>(inOrder: readonly T[]): T[] {
  return inOrder.filter((_, i) => i < KEPT_FIRST || i >= inOrder.length - KEPT_LAST);
}
