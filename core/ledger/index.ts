/** The door of the ledger: entries, their chain, and the check of an export. Pure. */

export * from './bundle.ts';
export * from './chain.ts';
export * from './check-bundle.ts';
export * from './entry.ts';
export * from './session-entry.ts';
