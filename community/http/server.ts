/** The HTTP server: guards first, then the API, its documentation, and the web app. */

import { Problem } from '@commonworks/core/api/index.ts';
import rateLimit from '@fastify/rate-limit';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { type FastifyBaseLogger, fastify, LogController } from 'fastify';
import { auditRoutes } from '../audit/routes.ts';
import { checkAccess, collectRules, type RouteRule } from './access.ts';
import type { App, Server } from './app.ts';
import { serveDashboard } from './dashboard-files.ts';
import { describeApi, serveDocumentation } from './documentation.ts';
import { createIdentify } from './identify.ts';
import { handleErrors, refuseBadUrl } from './problem.ts';
import { accountRoutes } from './routes/accounts.ts';
import { backupRoutes } from './routes/backups.ts';
import { badgeRoutes } from './routes/badges.ts';
import { clockRoutes } from './routes/clocks.ts';
import { closingRoutes } from './routes/closing.ts';
import { communityRoutes } from './routes/community.ts';
import { edgeRoutes } from './routes/edges.ts';
import { eventRoutes } from './routes/events.ts';
import { gapRuleRoutes } from './routes/gap-rules.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { linkRoutes, logInRoutes } from './routes/log-in.ts';
import { memberRoutes } from './routes/members.ts';
import { membershipRoutes } from './routes/membership.ts';
import { meterSwapRoutes } from './routes/meter-swaps.ts';
import { meteringPointRoutes } from './routes/metering-points.ts';
import { operationRoutes } from './routes/operations.ts';
import { shareRoutes } from './routes/shares.ts';
import { workshopRoutes } from './routes/workshop.ts';
import { guardSite, hostCheck } from './same-site.ts';
import { securityHeaders, sendSecurityHeaders } from './security-headers.ts';

/** The largest body is a command or a registration: far below this. */
const BODY_BYTES_MAX = 65_536;
const REQUEST_TIMEOUT_MS = 30_000;

export type ServerOptions = {
  readonly logger: FastifyBaseLogger;
  readonly machineName: string;
  /** Folder of the built web app. */
  readonly dashboardDir: string;
};

/** Not listening yet: tests inject. `rules` are all routes with their access rules. */
export async function buildServer(
  app: App,
  options: ServerOptions,
): Promise<{ server: Server; rules: () => RouteRule[] }> {
  const headers = securityHeaders({ isHttps: app.publicUrl.startsWith('https:') });
  const checkHost = hostCheck(app.publicUrl, options.machineName);
  const server: Server = fastify({
    loggerInstance: options.logger,
    // One line per notable event, not per request.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Only a proxy on this machine may say whom it speaks for.
    trustProxy: 'loopback',
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 100 },
    frameworkErrors: refuseBadUrl({ headers, checkHost }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  speakJsonOnly(server);
  server.setValidatorCompiler(TypeBoxValidatorCompiler);
  handleErrors(server);
  const rules = collectRules(server);
  sendSecurityHeaders(server, headers);
  guardSite(server, { publicUrl: app.publicUrl, checkHost });
  checkAccess(server, createIdentify({ ...app, now: app.clock.now }));
  await server.register(rateLimit, { global: false });
  await describeApi(server);
  describeProblems(server);
  await server.register(async (scope: Server) => logInRoutes(scope, app), { prefix: '/api/auth' });
  await server.register(async (scope: Server) => apiRoutes(scope, app), { prefix: '/api/v1' });
  await serveDocumentation(server);
  await serveDashboard(server, options.dashboardDir);
  server.addHook('preClose', async () => app.live.hub.close());
  return { server, rules };
}

/** An empty body is none, whatever the header says: a DELETE from a browser's helper often says JSON. */
function speakJsonOnly(server: Server): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, String(body), done);
  });
}

function apiRoutes(server: Server, app: App): void {
  for (const register of [
    communityRoutes,
    eventRoutes,
    memberRoutes,
    membershipRoutes,
    linkRoutes,
    shareRoutes,
    workshopRoutes,
    operationRoutes,
    accountRoutes,
    auditRoutes,
    backupRoutes,
    clockRoutes,
    closingRoutes,
    gapRuleRoutes,
    ledgerRoutes,
    meteringPointRoutes,
    meterSwapRoutes,
    edgeRoutes,
    badgeRoutes,
  ]) {
    register(server, app);
  }
}

/** Every route may answer with a problem: said once, here, for the description. */
function describeProblems(server: Server): void {
  server.addHook('onRoute', (route) => {
    if (route.schema === undefined || !route.url.startsWith('/api/')) return;
    const response = (route.schema.response ?? {}) as Record<string, unknown>;
    const content = { 'application/problem+json': { schema: Problem } };
    route.schema = { ...route.schema, response: { ...response, '4xx': { description: 'Refused', content } } };
  });
}
