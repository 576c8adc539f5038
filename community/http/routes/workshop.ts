/** Machines, bookings and sessions. */
import { CodedError, type Span } from '@commonworks/core';
import {
  Booking,
  BookingRequest,
  Machine,
  MachineCreated,
  MachineRequest,
  Session,
} from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { once } from '../../control/idempotency.ts';
import { isStaff } from '../../live/community-live.ts';
import { newId } from '../../new-id.ts';
import { cancelBooking, createBooking, findBooking, listBookings, memberBookings } from '../../workshop/bookings.ts';
import { addMachine } from '../../workshop/machine-list.ts';
import { findSession, memberSessions } from '../../workshop/session-views.ts';
import { endSession, startSession } from '../../workshop/sessions.ts';
import { LOGGED_IN, memberOf, principalOf, roles, selfOr } from '../access.ts';
import { type App, machinesChanged, nowMs, type Routes, type Server, workshopOf } from '../app.ts';
import { linkNext, PageQuery, pageOf } from '../paging.ts';
import type { Principal } from '../principal.ts';
import { accepted } from '../problem.ts';
import { IdempotencyHeaders, IdParam } from './parameters.ts';

/** What a calendar asks for at once: the two months that can be booked, and a month back. */
const CALENDAR_MAX_MS = 100 * 86_400_000;
const tags = ['workshop'];
const viewerOf = (principal: Principal) => ({ member: principal.member, seesNames: isStaff(principal) });

export const workshopRoutes: Routes = (server, app) => {
  machineRoutes(server, app);
  bookingRoutes(server, app);
  sessionRoutes(server, app);
};

function machineRoutes(server: Server, app: App): void {
  server.get(
    '/machines',
    {
      config: { access: LOGGED_IN },
      schema: { tags, summary: 'Machines: free, booked or running', response: { 200: Type.Array(Machine) } },
    },
    (request) => app.live.machines(principalOf(request)),
  );
  server.post(
    '/machines',
    {
      config: { access: roles('admin') },
      schema: { tags, summary: 'Register a machine', body: MachineRequest, response: { 201: MachineCreated } },
    },
    async (request, reply) => {
      const id = newId(nowMs(app));
      await app.db.transaction().execute((tx) => addMachine(tx, { id, community: app.site.id, ...request.body }));
      app.live.forget();
      return reply.code(201).send({ id });
    },
  );
  server.get(
    '/machines/:id/bookings',
    {
      config: { access: LOGGED_IN },
      schema: {
        tags,
        summary: "A machine's bookings in a span; names only of one's own, or for staff",
        params: IdParam,
        querystring: Type.Object({ fromMs: Type.Integer(), toMs: Type.Integer() }),
        response: { 200: Type.Array(Booking) },
      },
    },
    (request) => listBookings(app.db, request.params.id, checkSpan(request.query), viewerOf(principalOf(request))),
  );
}

function checkSpan(span: Span): Span {
  if (span.toMs <= span.fromMs || span.toMs - span.fromMs > CALENDAR_MAX_MS) {
    throw new CodedError('http.request-invalid', 'fromMs to toMs is a span of at most 100 days');
  }
  return span;
}

function bookingRoutes(server: Server, app: App): void {
  server.post(
    '/bookings',
    {
      config: { access: LOGGED_IN },
      schema: {
        tags,
        summary: 'Book a machine',
        headers: IdempotencyHeaders,
        body: BookingRequest,
        response: { 201: Booking },
      },
    },
    async (request, reply) => {
      const member = memberOf(request);
      const key = request.headers['idempotency-key'];
      const named = key === undefined ? null : { principal: member, key, kind: 'booking', body: request.body };
      const context = { community: app.site.id, zone: app.site.zone, nowMs: nowMs(app) };
      const { id } = await app.db.transaction().execute((tx) =>
        once(tx, named, {
          nowMs: context.nowMs,
          make: async () => accepted(await createBooking(tx, { ...request.body, member }, context)),
        }),
      );
      machinesChanged(app, [request.body.machine]);
      return reply.code(201).send(await ownBooking(app, id, principalOf(request)));
    },
  );
  server.delete(
    '/bookings/:id',
    {
      config: { access: LOGGED_IN },
      schema: { tags, summary: 'Cancel a booking of your own', params: IdParam, response: { 200: Booking } },
    },
    async (request) => {
      const principal = principalOf(request);
      const booking = await ownBooking(app, request.params.id, principal);
      await cancelBooking(app.db, booking.id, nowMs(app));
      machinesChanged(app, [booking.machine]);
      return await ownBooking(app, booking.id, principal);
    },
  );
  server.get(
    '/members/:id/bookings',
    {
      config: { access: selfOr('operator', 'admin') },
      schema: {
        tags,
        summary: "A member's bookings, newest first",
        params: IdParam,
        querystring: PageQuery,
        response: { 200: Type.Array(Booking) },
      },
    },
    async (request, reply) => {
      const page = pageOf(request.query);
      const rows = await memberBookings(app.db, request.params.id, page);
      return linkNext(request, reply, { rows, limit: page.limit, timeOf: (row) => row.fromMs });
    },
  );
}

/** Others' bookings are as good as none; operators may cancel any. */
async function ownBooking(app: App, id: string, principal: Principal): Promise<Booking> {
  const booking = await findBooking(app.db, id, viewerOf(principal));
  if (booking === null || (!booking.isMine && !isStaff(principal))) {
    throw new CodedError('http.not-found', 'there is no such booking of yours');
  }
  return booking;
}

function sessionRoutes(server: Server, app: App): void {
  const context = workshopOf(app);
  server.get(
    '/members/:id/sessions',
    {
      config: { access: selfOr('operator', 'treasurer', 'admin') },
      schema: {
        tags,
        summary: "A member's sessions, newest first, with the evidence of each",
        params: IdParam,
        querystring: PageQuery,
        response: { 200: Type.Array(Session) },
      },
    },
    async (request, reply) => {
      const page = pageOf(request.query);
      const rows = await memberSessions(app.db, request.params.id, page);
      return linkNext(request, reply, { rows, limit: page.limit, timeOf: (row) => row.startMs });
    },
  );
  server.post(
    '/machines/:id/sessions',
    {
      config: { access: LOGGED_IN },
      schema: { tags, summary: 'Badge in without a reader', params: IdParam, response: { 201: Session } },
    },
    async (request, reply) => {
      const start = { machine: await machineId(app, request.params.id), member: memberOf(request) };
      const id = await app.db.transaction().execute(async (tx) => {
        return accepted(await startSession(tx, { ...start, atMs: nowMs(app), by: 'web' }, context));
      });
      machinesChanged(app, [start.machine]);
      return reply.code(201).send(await readSession(app, id));
    },
  );
  server.delete(
    '/machines/:id/sessions',
    {
      config: { access: LOGGED_IN },
      schema: {
        tags,
        summary: "Badge out without a reader; operators and admins end anybody's session",
        params: IdParam,
        response: { 200: Session },
      },
    },
    async (request) => {
      const machine = await machineId(app, request.params.id);
      const own = memberOf(request);
      const end = { machine, member: isStaff(principalOf(request)) ? null : own, atMs: nowMs(app) };
      const id = await app.db.transaction().execute(async (tx) => accepted(await endSession(tx, end, context)));
      machinesChanged(app, [end.machine]);
      return await readSession(app, id);
    },
  );
}

async function machineId(app: App, id: string): Promise<string> {
  const row = await app.db.selectFrom('machine').select('id').where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new CodedError('http.not-found', 'there is no such machine');
  return row.id;
}

async function readSession(app: App, id: string): Promise<Session> {
  const session = await findSession(app.db, id);
  if (session === null) throw new CodedError('http.not-found', 'there is no such session');
  return session;
}
