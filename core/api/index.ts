/** The shapes of the HTTP API and its live events: imported as `@commonworks/core/api/index.ts`. */
export * from './admin.ts';
export * from './backups.ts';
export * from './badges.ts';
export * from './clocks.ts';
export * from './closing.ts';
export * from './flow.ts';
export * from './live-events.ts';
export * from './membership.ts';
export * from './operator.ts';
export * from './people.ts';
export * from './share.ts';
export * from './workshop.ts';
