/** Parameters that several routes take. */
import { CodedError } from '@commonworks/core';
import { Type } from 'typebox';

export const IdParam = Type.Object({ id: Type.String({ maxLength: 60 }) });
/** Shape only: whether the day exists is said by `checkDay`. */
export const DayQuery = Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' });
export const MonthText = Type.String({ pattern: '^[12]\\d{3}-(0[1-9]|1[0-2])$' });
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ minLength: 8, maxLength: 100, description: 'the same key twice is one request' }),
  ),
});

/** Shorter says nothing; the schemas count spaces as well. */
const REASON_LENGTH_MIN = 3;

/** Without the spaces around it. @throws CodedError `http.request-invalid` when too little is left. */
export function checkReason(reason: string): string {
  const trimmed = reason.trim();
  if (trimmed.length < REASON_LENGTH_MIN) throw new CodedError('http.request-invalid', 'the reason says nothing');
  return trimmed;
}

/** @throws CodedError `http.request-invalid` for the 30th of February. */
export function checkDay(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== day) {
    throw new CodedError('http.request-invalid', `there is no day ${day}`);
  }
  return day;
}
