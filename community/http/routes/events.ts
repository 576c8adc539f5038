/** Live events: one server-sent stream per page, each viewer's own view, coalesced. */
import { CodedError } from '@commonworks/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isStaff } from '../../live/community-live.ts';
import type { Change, EventSink } from '../../live/event-hub.ts';
import { LOGGED_IN, principalOf } from '../access.ts';
import { type App, nowMs, type Routes } from '../app.ts';
import { findPrincipal } from '../identify.ts';
import type { Principal } from '../principal.ts';

/** Pages that one person may watch with at a time: nobody takes the room of others. */
const STREAMS_EACH_MAX = 20;

export const eventRoutes: Routes = (server, app) => {
  const streams = new Map<string, number>();
  const count = (user: string, change: 1 | -1) => {
    const next = (streams.get(user) ?? 0) + change;
    if (next > 0) streams.set(user, next);
    else streams.delete(user);
  };
  server.get(
    '/events',
    {
      config: { access: LOGGED_IN },
      schema: {
        tags: ['community'],
        summary: 'Server-sent events: flow, mine, machine, device, command, alarm, badge, clock, as the role may see',
        produces: ['text/event-stream'],
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      if ((streams.get(principal.user) ?? 0) >= STREAMS_EACH_MAX) {
        throw new CodedError('http.too-many-viewers', `${STREAMS_EACH_MAX} pages of yours watch live`);
      }
      // Who hung up while the log-in was looked at, or later, would never be forgotten.
      if (reply.raw.destroyed) return reply.hijack();
      // Counted before anything is waited for: many at once are many.
      count(principal.user, 1);
      reply.raw.once('close', () => count(principal.user, -1));
      const first = await firstChanges(app, principal);
      if (reply.raw.destroyed) return reply.hijack();
      const sink = openSink(reply);
      const remove = app.live.hub.add(principal, sink, first);
      if (remove === null) throw new CodedError('http.too-many-viewers', 'too many pages watch live');
      sink.start();
      const recheck = setInterval(() => void closeWhenGone(app, request, sink), RECHECK_MS).unref();
      reply.raw.once('close', () => {
        clearInterval(recheck);
        remove();
      });
    },
  );
};

/** A stream lives long: who logged out, left or has other roles now watches no longer than this. */
const RECHECK_MS = 60_000;

async function closeWhenGone(app: App, request: FastifyRequest, sink: EventSink): Promise<void> {
  try {
    const { member, roles } = principalOf(request);
    if (member === null) return;
    const session = await app.logIn.session(request.headers.cookie);
    const current = session === null ? null : await findPrincipal(app.db, member, nowMs(app));
    // The page comes back by itself, and is told then what its new roles may see.
    if (current?.roles.join() !== roles.join()) sink.close();
  } catch (error) {
    request.log.warn({ err: error }, 'a viewer could not be checked');
  }
}

/** What a page needs to begin with; after that only what changes. */
async function firstChanges(app: App, principal: Principal): Promise<Change[]> {
  const machines = (await app.live.machines(principal)).map(({ id }): Change => ({ name: 'machine', id }));
  const devices = isStaff(principal)
    ? (await app.live.devices()).map(({ edge, device }): Change => ({ name: 'device', id: `${edge}/${device}` }))
    : [];
  const own: Change[] = principal.member === null ? [] : [{ name: 'mine', id: '' }];
  return [{ name: 'clock', id: '' }, { name: 'flow', id: '' }, ...own, ...machines, ...devices];
}

/** Writes wait until the stream was started: a refusal must still be able to answer as a problem. */
function openSink(reply: FastifyReply): EventSink & { start(): void } {
  const { raw } = reply;
  let early: string[] | null = [];
  return {
    start() {
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) raw.setHeader(name, value);
      raw.setHeader('content-type', 'text/event-stream');
      raw.setHeader('cache-control', 'no-store');
      // Nginx would hold events back until its buffer is full.
      raw.setHeader('x-accel-buffering', 'no');
      raw.writeHead(200);
      raw.write(`retry: 3000\n\n${(early ?? []).join('')}`);
      early = null;
    },
    write(text) {
      if (early === null) return raw.write(text);
      early.push(text);
      return true;
    },
    onDrain: (callback) => void raw.once('drain', callback),
    close: () => void raw.end(),
  };
}
