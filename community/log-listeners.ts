/** Who follows the log besides metering: each within the same transaction, in the worker. */
import type { Clock } from '@commonworks/core';
import { createSkewListener } from './clocks/skew-listener.ts';
import { createReceiptListener } from './control/receipt-listener.ts';
import { createReachListener } from './live/reach-listener.ts';
import type { LogListener } from './metering/log-listener.ts';
import type { WorkshopContext } from './workshop/sessions.ts';
import { createWorkshopListener } from './workshop/workshop-listener.ts';

export function logListeners(context: WorkshopContext, now: Clock): LogListener[] {
  return [
    createSkewListener(context),
    createWorkshopListener(context, now),
    createReceiptListener(),
    createReachListener(),
  ];
}
