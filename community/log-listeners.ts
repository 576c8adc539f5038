/** Who follows the log besides metering: each within the same transaction, in the worker. */
import type { Clock } from '@commonworks/core';
import { createReceiptListener } from './control/receipt-listener.ts';
import { createReachListener } from './live/reach-listener.ts';
import type { LogListener } from './metering/log-listener.ts';
import { createWorkshopListener } from './workshop/workshop-listener.ts';

export function logListeners(
  context: { community: string; zone: string; currency: string },
  now: Clock,
): LogListener[] {
  return [createWorkshopListener(context, now), createReceiptListener(), createReachListener()];
}
