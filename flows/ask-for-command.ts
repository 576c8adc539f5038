/** Commands go through the community server, so that each is authorised, signed and audited like an operator's. */
import { randomUUID } from 'node:crypto';
import type { ErrorCode, Result } from '@commonworks/core';
import { accept, ERROR_CATALOGUE, refuse } from '@commonworks/core';
import type { CommandRequest } from '@commonworks/core/api/index.ts';
import { CommandRecord, Problem } from '@commonworks/core/api/index.ts';
import { Value } from 'typebox/value';

export type AskForCommand = (request: CommandRequest) => Promise<Result<CommandRecord>>;

const TIMEOUT_MS = 10_000;

/** `baseUrl` is the community server's; refusals carry its code, or `flows.community-unreachable`. */
export function askForCommandAt(baseUrl: string, token: string): AskForCommand {
  const url = new URL('/api/v1/commands', baseUrl);
  return async (request) => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body: unknown = await response.json().catch(() => null);
      if (response.ok && Value.Check(CommandRecord, body)) return accept(body);
      if (!Value.Check(Problem, body)) {
        return refuse(
          'flows.community-unreachable',
          `${url.host} answered ${response.status}, not as a community server`,
        );
      }
      return refuse(isErrorCode(body.code) ? body.code : 'flows.command-refused', body.detail || body.title);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return refuse('flows.community-unreachable', `${url.host} does not answer: ${reason}`);
    }
  };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, code);
}
