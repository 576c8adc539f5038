/** The workshop's rules, pure: bookings, who may start, what a machine is doing, session time and its price. */
export * from './activity-from-power.ts';
export * from './booking-rules.ts';
export * from './may-start.ts';
export * from './session-price.ts';
export * from './session-time.ts';
