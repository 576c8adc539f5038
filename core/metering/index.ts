/** The door of metering: register samples in, judged steps and interval energy out. Pure. */
export * from './derive-intervals.ts';
export { type CounterPoint, type JudgedCounter, type Judgement, judgeCounter } from './judge-counter.ts';
export type { CounterFacts, RegisterSample } from './register-sample.ts';
export { touchedIntervals } from './touched-intervals.ts';
