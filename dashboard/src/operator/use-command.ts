/** Sending one command and following it: busy, refused, or on its way. */
import type { CommandRecord, CommandRequest } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { type ApiError, clientError } from '../api/api-error.ts';
import { idempotencyKey } from '../api/idempotency-key.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';

export type Sending = {
  readonly command: CommandRecord | undefined;
  readonly error: ApiError | undefined;
  readonly isBusy: boolean;
  readonly send: (request: CommandRequest) => Promise<unknown>;
};

export const REASON_MIN = 3;

export function useCommand(): Sending {
  const { api, live } = useApp();
  const [sent, setSent] = useState<CommandRecord>();
  const { run, ...state } = useAction();
  const send = (request: CommandRequest) =>
    run(async () => {
      setSent(undefined);
      if (request.reason.length < REASON_MIN) throw clientError('dashboard.reason-missing', 0);
      setSent(await api.command(request, idempotencyKey()));
    });
  const command = sent === undefined ? undefined : (live.commands.value.get(sent.id) ?? sent);
  return { ...state, command, send };
}
