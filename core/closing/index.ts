/** The door of closing a month: what keeps it open, and the spreading of values that a person types. Pure. */
export * from './judge-register.ts';
export * from './spread-energy.ts';
