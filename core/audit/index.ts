/** The door of the audit: what must hold, how it is looked at slice by slice, and what was found. Pure. */
export * from './audit-book.ts';
export * from './check.ts';
export * from './invariants.ts';
export * from './run-checks.ts';
