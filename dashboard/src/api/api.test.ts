/** Failures reach a page with the code, what happened and what to do, wherever they came from. */
import { ERROR_CATALOGUE } from '@commonworks/core/error-catalogue.ts';
import { describe, expect, it } from 'vitest';
import { text } from '../text/text.ts';
import { toCsv } from '../ui/csv.ts';
import { createApi } from './api.ts';

function apiWith(status: number, body: string) {
  const asked: { url: string; init: RequestInit | undefined }[] = [];
  const api = createApi(async (input, init) => {
    asked.push({ url: String(input), init });
    return new Response(body, { status });
  });
  return { api, asked };
}

describe('an answer', () => {
  it('that is a problem becomes an error with its code and remedy', async () => {
    const problem = {
      type: 'x',
      title: 'Taken',
      status: 409,
      detail: 'Ben has it.',
      code: 'workshop.booking-overlaps',
      remedy: 'Choose another.',
    };
    const { api } = apiWith(409, JSON.stringify(problem));
    const failed = api.book({ machine: 'laser', fromMs: 0, toMs: 1 });
    await expect(failed).rejects.toMatchObject({
      status: 409,
      code: problem.code,
      message: 'Ben has it.',
      remedy: problem.remedy,
    });
  });

  it('of the log-in keeps its own code', async () => {
    const { api } = apiWith(401, '{"code":"INVALID_EMAIL_OR_PASSWORD","message":"Invalid"}');
    await expect(api.signIn('a', 'b')).rejects.toMatchObject({ status: 401, code: 'INVALID_EMAIL_OR_PASSWORD' });
  });

  it.each(['<html>', '"text"', '{}', ''])('that is not ours (%j) says so', async (body) => {
    const { api } = apiWith(502, body);
    await expect(api.me()).rejects.toMatchObject({ status: 502, code: 'dashboard.answer-malformed' });
  });

  it('that never came says that the server is out of reach', async () => {
    const api = createApi(() => Promise.reject(new TypeError('failed to fetch')));
    await expect(api.flow()).rejects.toMatchObject({ code: 'dashboard.unreachable' });
  });

  it('that is empty is no failure', async () => {
    const { api, asked } = apiWith(200, '');
    await expect(api.cancelBooking('a/b')).resolves.toBeUndefined();
    expect(asked[0]?.url).toBe('/api/v1/bookings/a%2Fb');
  });
});

describe('a command', () => {
  it('carries its key, so that a double tap is one command', async () => {
    const { api, asked } = apiWith(202, '{}');
    await api.command({ edge: 'e', device: 'd', kind: 'setRelay', value: 1, reason: 'test', seconds: 60 }, 'key-1');
    expect(asked[0]?.init?.headers).toMatchObject({ 'idempotency-key': 'key-1', 'content-type': 'application/json' });
  });
});

it('says the same about its own errors as the catalogue', () => {
  for (const [code, { title, remedy }] of Object.entries(text.errors)) {
    expect(new Map<string, unknown>(Object.entries(ERROR_CATALOGUE)).get(code), code).toEqual({ title, remedy });
  }
});

it('writes CSV that a spreadsheet reads: quotes where needed, empty for missing', () => {
  expect(
    toCsv([
      ['a,b', 'say "x"'],
      [null, 1.5],
    ]),
  ).toBe('"a,b","say ""x"""\r\n,1.5\r\n');
});
