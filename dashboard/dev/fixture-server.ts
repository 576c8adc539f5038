/** Serves the built web app with a made-up community behind it: for looking at pages and for their tests. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { type Answer, createAnswers } from './fixture-answers.ts';
import { streamEvents } from './fixture-events.ts';
import { LOGINS, type Login } from './fixture-people.ts';
import { NOW_MS } from './fixture-world.ts';
import { serveFile } from './serve-file.ts';

export type FixtureOptions = { readonly nowMs?: number; readonly speed?: number; readonly port?: number };
export type FixtureServer = AsyncDisposable & { readonly url: string };
export type Call = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly login: Login | undefined;
};

const BODY_MAX = 64_000;

export async function startFixtureServer(options: FixtureOptions = {}): Promise<FixtureServer> {
  const speed = options.speed ?? 60;
  const startedMs = performance.now();
  const now = () => Math.round((options.nowMs ?? NOW_MS) + (performance.now() - startedMs) * speed);
  const answers = createAnswers({ now, speed });
  const controller = new AbortController();
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fixture');
    if (!url.pathname.startsWith('/api/')) return serveFile(url.pathname, response);
    const login = LOGINS.find(({ user }) => request.headers.cookie?.includes(`fixture=${user}`));
    if (url.pathname === '/api/v1/events' && login !== undefined) {
      return streamEvents(response, { login, answers, signal: controller.signal });
    }
    const body = await readBody(request);
    const call: Call = { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams, body, login };
    send(response, answers.answer(call));
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      controller.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What does not match the contract is a fault of the fixture, and said loudly. */
function send(response: ServerResponse, { status = 200, schema, body, cookie, text }: Answer): void {
  if (schema !== undefined) conform(schema, body);
  response.statusCode = status;
  response.setHeader('cache-control', 'no-store');
  if (cookie !== undefined) response.setHeader('set-cookie', cookie);
  response.setHeader(
    'content-type',
    status >= 400 ? 'application/problem+json' : text === undefined ? 'application/json' : 'text/csv',
  );
  response.end(text ?? (body === undefined ? '' : JSON.stringify(body)));
}

export function conform(schema: TSchema, body: unknown): void {
  if (Value.Check(schema, body)) return;
  const faults = [...Value.Errors(schema, body)]
    .slice(0, 5)
    .map(({ instancePath, message }) => `${instancePath} ${message}`);
  throw new Error(`the fixture breaks the contract: ${faults.join('; ')}`);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_MAX) throw new Error('the body is too long');
  }
  return text === '' ? undefined : JSON.parse(text);
}
