/** The API described by its own schemas: /api/openapi.json for tools, /api/docs for people; no outside scripts. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { allPublic, PUBLIC } from './access.ts';
import type { Server } from './app.ts';
import { DOCUMENTATION_POLICY } from './security-headers.ts';

const DESCRIPTION = `Energy is in whole mWh, money in whole minor units, times are UTC epoch milliseconds. Null is missing, never zero.
Log in with POST /api/auth/sign-in/email (a cookie), or send the site's service token as a bearer. Every refusal is
application/problem+json with a code and what to do. Long lists page by \`before\` and \`limit\`; the Link header names the next page.`;

/** Register before the routes. */
export async function describeApi(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Commonworks community server',
        version: '1',
        description: DESCRIPTION,
        license: { name: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'session_token' },
          service: { type: 'http', scheme: 'bearer' },
        },
      },
      security: [{ session: [] }, { service: [] }],
    },
  });
}

/** Register after the routes. */
export async function serveDocumentation(server: Server): Promise<void> {
  server.get('/api/openapi.json', { config: { access: PUBLIC }, schema: { hide: true } }, async () => server.swagger());
  await server.register(async (scope) => {
    allPublic(scope);
    scope.addHook('onRequest', async (_request, reply) => {
      reply.header('content-security-policy', DOCUMENTATION_POLICY);
    });
    await scope.register(swaggerUi, {
      routePrefix: '/api/docs',
      uiConfig: { docExpansion: 'list', validatorUrl: null },
    });
  });
}
