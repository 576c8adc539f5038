/** Follows the log for receipts: every step an edge reports is written down where the command is. */
import { ReceiptEvent } from '@commonworks/core';
import { Value } from 'typebox/value';
import type { LogListener } from '../metering/log-listener.ts';
import { addStep } from './command-store.ts';

export type CommandNotice = { readonly command: string };

/** A receipt counts only from the edge the command was for. */
export function createReceiptListener(): LogListener {
  return async (tx, { pack }, notify) => {
    for (const { type, body, timeMs } of pack.events) {
      if (type !== 'receipt' || !Value.Check(ReceiptEvent, body)) continue;
      const row = await tx.selectFrom('command').select('edge').where('id', '=', body.command).executeTakeFirst();
      if (row?.edge !== pack.edge) continue;
      const step = { state: body.state, atMs: timeMs, detail: body.reason, observed: body.observed };
      if (await addStep(tx, body.command, step)) {
        notify({ kind: 'command', body: { command: body.command } satisfies CommandNotice });
      }
    }
  };
}
