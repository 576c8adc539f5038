/** The door of settlement: frozen periods, their results and what they post. Pure. */
export * from './period.ts';
export * from './period-entries.ts';
export * from './period-hash.ts';
export * from './settle-interval.ts';
export * from './share-interval.ts';
export * from './sharing-rules.ts';
export * from './storage-stock.ts';
export * from './tally-period.ts';
