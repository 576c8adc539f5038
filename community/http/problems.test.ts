/** Every refusal is a problem with a code and a remedy; hostile hosts, origins, bodies and paths are refused. */
import { ERROR_CATALOGUE } from '@commonworks/core';
import { Problem } from '@commonworks/core/api/index.ts';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knownHosts } from './same-site.ts';
import { SERVICE_TOKEN, startTestCommunity, type TestCommunity } from './test-community.ts';

let community: TestCommunity;
beforeAll(async () => {
  community = await startTestCommunity();
});
afterAll(() => community.close());

const service = { authorization: `Bearer ${SERVICE_TOKEN}` };
const post = (payload: unknown, headers = {}) => ({
  ...{ method: 'POST' as const, url: '/api/v1/commands' },
  headers: { 'content-type': 'application/json', ...service, ...headers },
  payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
});

describe('problems', () => {
  const command = { edge: 'e', device: 'd', kind: 'setRelay', value: 1, reason: 'test', seconds: 60 };
  it.each([
    ['an unknown call', { url: '/api/v1/nothing' }, 404, 'http.not-found'],
    ['an unknown method', { url: '/api/v1/flow', method: 'PATCH' as const }, 404, 'http.not-found'],
    ['a body that is not JSON', post('{"edge":'), 400, 'http.request-invalid'],
    ['a body of another type', post('a=b', { 'content-type': 'text/plain' }), 415, 'http.request-invalid'],
    ['a body that is too large', post({ ...command, reason: 'x'.repeat(70_000) }), 413, 'http.request-too-large'],
    ['a body with a fault', post({ ...command, seconds: 1 }), 400, 'http.request-invalid'],
    ['a body with an unknown field', post({ ...command, force: true }), 400, 'http.request-invalid'],
    ['a number given as text', post({ ...command, value: '1' }), 400, 'http.request-invalid'],
    ['a day that is none', { url: '/api/v1/flow/day?day=2026-13-40', headers: service }, 400, 'http.request-invalid'],
    [
      'a day that does not exist',
      { url: '/api/v1/flow/day?day=2026-02-30', headers: service },
      400,
      'http.request-invalid',
    ],
    ['a device nobody announced', post(command), 404, 'control.device-unknown'],
    [
      'a host of another name',
      { url: '/api/v1/community', headers: { host: 'evil.example' } },
      421,
      'http.host-refused',
    ],
    ['a page of another site', post(command, { origin: 'https://evil.example' }), 403, 'http.origin-refused'],
    ['a page without an origin of its own', post(command, { origin: 'null' }), 403, 'http.origin-refused'],
    ['a path that climbs', { url: '/api/v1/members/..%2f..%2fetc/share', headers: service }, 404, 'http.not-found'],
    ['a broken percent sign', { url: '/%' }, 400, 'http.request-invalid'],
    ['a broken percent sign in a call', { url: '/api/v1/members/%zz/share' }, 400, 'http.request-invalid'],
    ['a missing file', { url: '/assets/none.js' }, 404, 'http.not-found'],
    ['a file above the folder', { url: '/..%2f..%2fetc%2fpasswd.txt' }, 404, 'http.not-found'],
  ])('%s is refused with a code', async (_name, request, status, code) => {
    const answer = await community.inject(request);
    expect(answer.json()).toMatchObject({ status, code });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(Value.Check(Problem, answer.json())).toBe(true);
    expect(answer.json().remedy).toBe(ERROR_CATALOGUE[code as keyof typeof ERROR_CATALOGUE].remedy);
  });

  it('tells nothing of the inside when the server fails', async () => {
    const broken = await startTestCommunity();
    await broken.db.schema.dropTable('interval_share').execute();
    await broken.db.schema.dropTable('machine_watch').execute();
    const answer = await broken.inject({ url: '/api/v1/machines', headers: service });
    expect(answer.json()).toMatchObject({ status: 500, code: 'http.internal' });
    expect(answer.body).not.toContain('machine_watch');
    await broken.close();
  });
});

describe('names of this server', () => {
  const isKnown = knownHosts('https://sonnenhof.example', 'Cellar');
  it.each([
    ['127.0.0.1:8880', true],
    ['[::1]:8880', true],
    ['192.168.1.7', true],
    ['localhost:8880', true],
    ['cellar', true],
    ['CELLAR.local:8880', true],
    ['sonnenhof.example', true],
    ['sonnenhof.example.evil.example', false],
    ['evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['', false],
    [undefined, false],
  ])('%s: %s', (host, known) => {
    expect(isKnown(host)).toBe(known);
  });
});

describe('a malformed address', () => {
  it('is answered under our own names only', async () => {
    const answer = await community.inject({ url: '/%zz', headers: { host: 'evil.example' } });
    expect(answer.json()).toMatchObject({ status: 421, code: 'http.host-refused' });
  });
});

describe('pages', () => {
  it('every answer forbids the browser what our pages do not need', async () => {
    for (const url of ['/', '/machines', '/app.js', '/api/v1/community', '/api/v1/none', '/%']) {
      const { headers } = await community.inject({ url, headers: { accept: 'text/html' } });
      expect(headers['content-security-policy']).toContain("script-src 'self'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('every address of the app is its first page, an unknown call is not', async () => {
    for (const url of ['/', '/share', '/invite?token=abc']) {
      const page = await community.inject({ url, headers: { accept: 'text/html' } });
      expect([page.statusCode, page.body], url).toEqual([200, '<!doctype html><title>app</title>']);
    }
    const call = await community.inject({ url: '/api/v2/flow', headers: { accept: 'text/html' } });
    expect(call.json()).toMatchObject({ code: 'http.not-found' });
  });

  it('what a member may see is kept in no cache', async () => {
    for (const url of ['/api/v1/community', '/api/v1/members/%zz/share']) {
      const answer = await community.inject({ url });
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it('describes every call with its parameters, answers and problems', async () => {
    const document = (await community.inject({ url: '/api/openapi.json' })).json();
    const paths = Object.keys(document.paths);
    expect(paths).toContain('/api/v1/members/{id}/statements/{month}');
    const calls = Object.values(
      document.paths as Record<string, Record<string, { summary?: string; responses: object }>>,
    ).flatMap((path) => Object.values(path));
    expect(calls.length).toBeGreaterThan(40);
    expect(calls.filter((call) => call.summary === undefined)).toEqual([]);
    expect(calls.filter((call) => !('4XX' in call.responses))).toEqual([]);
    const page = await community.inject({ url: '/api/docs/' });
    expect(page.statusCode).toBe(200);
    expect(page.body).not.toMatch(/src="https?:/);
  });
});
