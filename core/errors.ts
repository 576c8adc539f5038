/** Coded errors: the world failed, and the code says what to do about it (docs/errors.md). */
import type { ErrorCode } from './error-catalogue.ts';
import { ERROR_CATALOGUE } from './error-catalogue.ts';

export type { ErrorCode } from './error-catalogue.ts';

/** `message` says what happened; `remedy` (from the catalogue) what to do. Match on `code`, never on text. */
export class CodedError extends Error {
  readonly code: ErrorCode;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; detail?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CodedError';
    this.code = code;
    this.detail = options.detail ?? {};
  }

  get remedy(): string {
    return ERROR_CATALOGUE[this.code].remedy;
  }
}

export function isCoded(error: unknown, code?: ErrorCode): error is CodedError {
  return error instanceof CodedError && (code === undefined || error.code === code);
}

/** A programming error: the process stops and its supervisor starts it again. */
export function invariant(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${claim}`);
}

/** A refusal the caller must expect. `reason` is a code of the catalogue; `message` is for people. */
export type Refusal = { readonly ok: false; readonly reason: ErrorCode; readonly message: string };
export type Result<T> = { readonly ok: true; readonly value: T } | Refusal;

export function refuse(reason: ErrorCode, message: string): Refusal {
  return { ok: false, reason, message };
}

export function accept<T>(value: T): Result<T> {
  return { ok: true, value };
}
