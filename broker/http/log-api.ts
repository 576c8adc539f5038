/** The log's HTTP API: what followers of the log and readers of the series ask the broker. */
import type {
  AccessDocument,
  BrokerStatus,
  DeadLetter,
  LogChanged,
  LoginRefusalList,
  LogPage,
  QuarantineRelease,
  Result,
} from '@commonworks/core';
import { CodedError, ERROR_CATALOGUE, isCoded } from '@commonworks/core';
import type { LogAnswer } from '@commonworks/telemetry/log/judge-follower.ts';
import { StorageFailure } from '@commonworks/telemetry/worker/call-worker.ts';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Ingest } from '../ingest/ingest.ts';
import type { Queries } from '../ingest/queries.ts';
import type { AskForPage } from '../log-watch.ts';
import { metricsText } from './metrics.ts';
import { addSeriesRoutes } from './series-routes.ts';

export type LogApi = {
  readonly isServiceToken: (token: string) => boolean;
  readonly ingest: Ingest;
  /** Whether packs are missing that may still come again. */
  readonly isDamaged: () => Promise<boolean>;
  readonly readPage: (ask: AskForPage) => Promise<LogAnswer>;
  readonly readDeadLetters: (after: number, limit: number) => Promise<DeadLetter[]>;
  readonly queries: Queries;
  readonly replaceAccess: (document: unknown) => Promise<Result<number>>;
  readonly status: () => Promise<BrokerStatus>;
  readonly refusals: () => LoginRefusalList;
};

const PAGE_MAX = 1000;
const WAIT_MAX_MS = 25_000;
/** By then those that wait have had their answers. */
const BUSY_S = 1;
/** 10,000 principals of about 300 bytes. */
const ACCESS_BYTES_MAX = 4_194_304;

const Cursor = Type.Integer({ minimum: 0, default: 0 });
const Limit = Type.Integer({ minimum: 1, maximum: PAGE_MAX, default: PAGE_MAX });
const LogQuery = Type.Object({
  after: Cursor,
  limit: Limit,
  waitMs: Type.Integer({ minimum: 0, maximum: WAIT_MAX_MS, default: 0 }),
  log: Type.Optional(Type.String({ maxLength: 80 })),
  generation: Type.Optional(Type.Integer({ minimum: 1 })),
  hash: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
});
const LettersQuery = Type.Object({ after: Cursor, limit: Limit });
const EdgeQuery = Type.Object({ edge: Type.String({ minLength: 1, maxLength: 80 }) });

export function buildLogApi(api: LogApi): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: ACCESS_BYTES_MAX, forceCloseConnections: true });
  app.addHook('onRequest', async (request, reply) => {
    if (request.url === '/healthz' || api.isServiceToken(bearerOf(request))) return;
    await sendProblem(reply, 401, { code: 'broker.login-refused', detail: 'a service token is needed' });
  });
  app.setErrorHandler((error: unknown, _request, reply) => answerError(reply, error));
  app.get('/healthz', async (_request, reply) => {
    if (!api.ingest.isWritable) return reply.code(503).send({ status: 'not writable' });
    // A restart mends nothing here: what supervises the process is told that it works, and people that it is not whole.
    return reply.send({ status: (await api.isDamaged()) ? 'damaged' : 'ok' });
  });
  addLogRoutes(app, api);
  addSeriesRoutes(app, api.queries);
  addStatusRoutes(app, api);
  return app;
}

function addLogRoutes(app: FastifyInstance, api: LogApi): void {
  app.get<{ Querystring: Type.Static<typeof LogQuery> }>(
    '/log',
    { schema: { querystring: LogQuery } },
    async (request, reply): Promise<LogPage | FastifyReply> => {
      const { waitMs, ...ask } = request.query;
      let answer = await api.readPage(ask);
      if (answer.kind === 'page' && answer.page.next === ask.after && waitMs > 0) {
        const gone = new AbortController();
        reply.raw.on('close', () => gone.abort());
        await api.ingest.waitPast(ask.after, waitMs, gone.signal);
        answer = await api.readPage(ask);
      }
      return answer.kind === 'page' ? answer.page : sendChanged(reply, answer.changed);
    },
  );
  app.get<{ Querystring: Type.Static<typeof LettersQuery> }>(
    '/dead-letters',
    { schema: { querystring: LettersQuery } },
    async ({ query }) => {
      const letters = await api.readDeadLetters(query.after, query.limit);
      return { letters, next: letters.at(-1)?.id ?? query.after };
    },
  );
  app.delete<{ Querystring: Type.Static<typeof EdgeQuery> }>(
    '/quarantine',
    { schema: { querystring: EdgeQuery } },
    async ({ query }): Promise<QuarantineRelease> => ({
      edge: query.edge,
      released: await api.ingest.releaseQuarantine(query.edge),
    }),
  );
}

function addStatusRoutes(app: FastifyInstance, api: LogApi): void {
  app.get('/status', () => api.status());
  app.get('/refusals', async () => api.refusals());
  app.get('/metrics', async (_request, reply) => {
    const text = metricsText(await api.status(), api);
    return reply.type('text/plain; version=0.0.4').send(text);
  });
  app.put<{ Body: AccessDocument }>('/access', async ({ body }, reply) => {
    const replaced = await api.replaceAccess(body);
    if (replaced.ok) return { version: replaced.value };
    const status = replaced.reason === 'broker.access-older' ? 409 : 400;
    return sendProblem(reply, status, { code: replaced.reason, detail: replaced.message });
  });
}

/** What has been read of the log is not what it is now: the follower goes back, and takes what it never took. */
function sendChanged(reply: FastifyReply, changed: Omit<LogChanged, 'code'>): FastifyReply {
  const code = 'broker.log-changed';
  const detail = `this is log ${changed.log}, generation ${changed.generation}`;
  return sendProblem(reply, 409, { code, detail, more: changed });
}

function bearerOf(request: FastifyRequest): string {
  return /^Bearer (\S{1,200})$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
}

function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  if (isCoded(error, 'broker.queries-busy')) {
    return sendProblem(reply.header('retry-after', BUSY_S), 503, { code: error.code, detail: error.message });
  }
  if (error instanceof StorageFailure) {
    return sendProblem(reply, 503, { code: 'broker.commit-failed', detail: error.message });
  }
  if (error instanceof CodedError) return sendProblem(reply, 500, { code: error.code, detail: error.message });
  const { statusCode = 500, message = 'failed' } = error as { statusCode?: number; message?: string };
  return sendProblem(reply, statusCode, { code: 'broker.request-invalid', detail: message });
}

function sendProblem(
  reply: FastifyReply,
  status: number,
  { code, detail, more = {} }: { code: keyof typeof ERROR_CATALOGUE; detail: string; more?: object },
): FastifyReply {
  const { title, remedy } = ERROR_CATALOGUE[code];
  const problem = { type: `urn:commonworks:error:${code}`, title, status, detail, code, remedy, ...more };
  return reply.code(status).type('application/problem+json').send(problem);
}
