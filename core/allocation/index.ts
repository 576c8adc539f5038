/** The door of allocation: one interval shared exactly, and the kernel for whoever has millions of them. */
export * from './allocate-interval.ts';
export { tieHash } from './tie-order.ts';
