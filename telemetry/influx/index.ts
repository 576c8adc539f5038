/** The door of the InfluxDB projection: it follows the log by cursor and is never read back by settlement. */
export type { Projection } from './projection.ts';
export { startProjection } from './projection.ts';
export { readTargetSecret } from './target-secret.ts';
