/** The language everyone speaks: the door of core. */
export * from './clock.ts';
export * from './commands.ts';
export * from './demo-clock.ts';
export * from './energy.ts';
export * from './error-catalogue.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './ids.ts';
export * from './live.ts';
export * from './log-api.ts';
export * from './points.ts';
export * from './quality.ts';
export * from './schema.ts';
export * from './senml.ts';
export * from './site-config.ts';
export * from './time.ts';
export * from './topics.ts';
