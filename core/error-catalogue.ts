/** Every error code with its meaning and remedy; docs/errors.md is generated from this table. */
import { BROKER_ERRORS } from './error-codes/broker-errors.ts';
import { COMMUNITY_ERRORS } from './error-codes/community-errors.ts';
import { EDGE_ERRORS } from './error-codes/edge-errors.ts';
import { TOOLS_ERRORS } from './error-codes/tools-errors.ts';
import { WEB_ERRORS } from './error-codes/web-errors.ts';

/** Keys are `<area>.<what>`; the area says which part of the house throws it. The entries stand in core/error-codes/. */
export const ERROR_CATALOGUE = {
  ...BROKER_ERRORS,
  ...COMMUNITY_ERRORS,
  ...EDGE_ERRORS,
  ...TOOLS_ERRORS,
  ...WEB_ERRORS,
} as const;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
