/** Serves the built web app: its files, and its first page for every address that is a page of the app. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { allPublic } from './access.ts';
import { sendNotFound } from './problem.ts';

const NOT_BUILT = `<!doctype html><meta charset="utf-8"><title>Commonworks</title>
<p>The web app is not built. Run <code>npm run build</code>, then reload. The API is at <a href="/api/docs">/api/docs</a>.`;

export async function serveDashboard(server: FastifyInstance, dir: string): Promise<void> {
  const isBuilt = existsSync(join(dir, 'index.html'));
  if (isBuilt) {
    await server.register(async (scope) => {
      allPublic(scope);
      await scope.register(fastifyStatic, { root: dir, index: false, wildcard: true, cacheControl: false, setHeaders });
      scope.get('/', { schema: { hide: true } }, (_request, reply) => sendApp(reply));
    });
  }
  server.setNotFoundHandler((request, reply) => {
    if (!isPage(request)) return sendNotFound(request, reply);
    if (!isBuilt) return reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT);
    return sendApp(reply);
  });
}

function sendApp(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-cache').sendFile('index.html');
}

/** What a browser navigates to; a missing script or an unknown call is not found. */
function isPage(request: FastifyRequest): boolean {
  const [path = ''] = request.url.split('?');
  if (request.method !== 'GET' || path.startsWith('/api/')) return false;
  return !/\.[a-z0-9]+$/i.test(path) && (request.headers.accept ?? '*/*').includes('html');
}

/** Files below assets/ carry a hash of their content in their name. */
function setHeaders(reply: FastifyReply, path: string): void {
  const isHashed = path.includes('/assets/');
  reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
}
