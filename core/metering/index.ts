/** From register readings to interval energy. */
export * from './account.ts';
export * from './counter-state.ts';
export * from './derive-intervals.ts';
export * from './derive-register.ts';
export * from './derive-since.ts';
export * from './gap-shape.ts';
export * from './judge-counter.ts';
export * from './place-gap.ts';
export * from './register-book.ts';
export * from './register-sample.ts';
export * from './thin-samples.ts';
