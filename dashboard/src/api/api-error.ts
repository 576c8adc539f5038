/** A refusal or failure of the server, or of the way to it, with its code and what to do. */
import type { Problem } from '@commonworks/core/api/index.ts';
import { text } from '../text/text.ts';

export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly remedy: string;

  constructor(problem: Pick<Problem, 'code' | 'status' | 'detail' | 'remedy'>, cause?: unknown) {
    super(problem.detail, { cause });
    this.name = 'ApiError';
    this.code = problem.code;
    this.status = problem.status;
    this.remedy = problem.remedy;
  }
}

/** The two failures that no server can report: it was not reached, or something else answered. */
export function clientError(code: keyof typeof text.errors, status: number, cause?: unknown): ApiError {
  const entry = text.errors[code];
  return new ApiError({ code, status, detail: entry.title, remedy: entry.remedy }, cause);
}

export function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : clientError('dashboard.answer-malformed', 0, error);
}

/** Reads `application/problem+json`, and what better-auth answers (`{code, message}`) from the log-in routes. */
export function problemOf(status: number, body: unknown): ApiError {
  if (typeof body !== 'object' || body === null) return clientError('dashboard.answer-malformed', status);
  const field = (name: string) => {
    const value = (body as Record<string, unknown>)[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const code = field('code');
  if (code === undefined) return clientError('dashboard.answer-malformed', status);
  const detail = field('detail') ?? field('message') ?? field('title') ?? code;
  return new ApiError({ code, status, detail, remedy: field('remedy') ?? '' });
}
