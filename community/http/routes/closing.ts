/** Closing a month: what keeps it open, what a run would post, decisions about gaps, and values that people type. */
import { CodedError, type Span, TimeMs } from '@commonworks/core';
import {
  ClosingDecision,
  MonthReadiness,
  SettlementPreview,
  Substitute,
  SubstituteRequest,
  SubstituteSuggestion,
  WithdrawalRequest,
} from '@commonworks/core/api/index.ts';
import { SHARED_DIRECTIONS } from '@commonworks/core/settlement/index.ts';
import { Type } from 'typebox';
import { decide } from '../../closing/decide.ts';
import { nameReferences, readNames } from '../../closing/names.ts';
import type { AccountRegister } from '../../closing/register-account.ts';
import {
  findGap,
  listSubstitutes,
  recordSubstitute,
  spanFault,
  withdrawSubstitute,
} from '../../closing/substitutes.ts';
import { suggestSubstitutes } from '../../closing/suggest-substitutes.ts';
import { DIRECTION_POINTS, listPoints } from '../../register/points.ts';
import { people, principalOf, roles } from '../access.ts';
import { type App, nowMs, type Routes, type Server } from '../app.ts';
import { accepted } from '../problem.ts';
import { checkReason, IdParam, MonthText } from './parameters.ts';

const READERS = roles('treasurer', 'admin');
const WRITER = people('treasurer');
const tags = ['accounts'];
const MonthParam = Type.Object({ month: MonthText });
const Register = SubstituteRequest.properties.register;
const GapQuery = Type.Object({ register: Register, fromMs: TimeMs, toMs: TimeMs });

export const closingRoutes: Routes = (server, app) => {
  month(server, app);
  decisions(server, app);
  substitutes(server, app);
  withdrawal(server, app);
};

function month(server: Server, app: App): void {
  server.get(
    '/settlements/:month/readiness',
    {
      config: { access: READERS },
      schema: {
        tags,
        summary: 'What a month is made of, register by register, and what must be decided before it closes',
        params: MonthParam,
        response: { 200: MonthReadiness },
      },
    },
    async (request) => accepted(await app.askAboutMonth({ ask: 'readiness', month: request.params.month })),
  );
  server.get(
    '/settlements/:month/preview',
    {
      config: { access: READERS },
      schema: {
        tags,
        summary: 'What a settlement would post for whom; nothing is written',
        params: MonthParam,
        response: { 200: SettlementPreview },
      },
    },
    async (request) => accepted(await app.askAboutMonth({ ask: 'preview', month: request.params.month })),
  );
}

function decisions(server: Server, app: App): void {
  server.post(
    '/settlements/:month/decisions',
    {
      config: { access: WRITER },
      schema: {
        tags,
        summary: 'Leave a gap as it is, for a reason, so that the month may close; or take that back',
        params: MonthParam,
        body: ClosingDecision,
        response: { 201: MonthReadiness },
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      const ask = { ask: 'readiness', month: params.month } as const;
      const readiness = accepted(await app.askAboutMonth(ask));
      const register = readiness.registers.find((one) => one.point === body.point && one.register === body.register);
      if (register === undefined) throw new CodedError('http.not-found', 'the month has no such register');
      const by = { reason: checkReason(body.reason), author: principalOf(request).user, nowMs: nowMs(app) };
      const { matters, isAccepted } = body;
      await app.db
        .transaction()
        .execute((tx) => decide(tx, { month: params.month, register, matters, isAccepted, ...by }));
      return reply.code(201).send(accepted(await app.askAboutMonth(ask)));
    },
  );
}

function substitutes(server: Server, app: App): void {
  server.get(
    '/metering-points/:id/substitutes',
    {
      config: { access: READERS },
      schema: {
        tags,
        summary: 'Values that people typed for intervals without a measurement, newest first',
        params: IdParam,
        response: { 200: Type.Array(Substitute) },
      },
    },
    (request) => substitutesOf(app, request.params.id),
  );
  server.get(
    '/metering-points/:id/substitutes/suggestions',
    {
      config: { access: READERS },
      schema: {
        tags,
        summary: 'What might be typed for a gap, and what each suggestion rests on',
        params: IdParam,
        querystring: GapQuery,
        response: { 200: Type.Array(SubstituteSuggestion) },
      },
    },
    async (request) => {
      const register = await readRegister(app, request.params.id, request.query.register);
      const span = checkSpan(app, request.query);
      return await suggestSubstitutes(app.db, await findGap(app.db, register, span), span);
    },
  );
  server.post(
    '/metering-points/:id/substitutes',
    {
      config: { access: WRITER },
      schema: {
        tags,
        summary: 'Type values for the intervals of a span that have none: a total that is spread, or each by itself',
        params: IdParam,
        body: SubstituteRequest,
        response: { 201: Substitute },
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      const register = await readRegister(app, params.id, body.register);
      const by = { reason: checkReason(body.reason), author: principalOf(request).user, nowMs: nowMs(app) };
      const id = await app.db
        .transaction()
        .execute(async (tx) => accepted(await recordSubstitute(tx, register, { request: body, ...by })));
      app.live.forget();
      return reply.code(201).send(await readSubstitute(app, params.id, id));
    },
  );
}

function withdrawal(server: Server, app: App): void {
  server.post(
    '/substitutes/:id/withdraw',
    {
      config: { access: WRITER },
      schema: {
        tags,
        summary: 'Withdraw what was typed: it stays on record and counts no more',
        params: IdParam,
        body: WithdrawalRequest,
        response: { 200: Substitute },
      },
    },
    async (request) => {
      const { id } = request.params;
      const reason = checkReason(request.body.reason);
      const by = { reason, author: principalOf(request).user, nowMs: nowMs(app) };
      await app.db.transaction().execute(async (tx) => accepted(await withdrawSubstitute(tx, id, by)));
      app.live.forget();
      const { point } = await app.db
        .selectFrom('substitute_act as act')
        .innerJoin('metering_point', 'metering_point.no', 'act.point_no')
        .select('metering_point.id as point')
        .where('act.id', '=', id)
        .executeTakeFirstOrThrow();
      return await readSubstitute(app, point, id);
    },
  );
}

async function readRegister(app: App, id: string, register: Substitute['register']): Promise<AccountRegister> {
  const point = (await listPoints(app.db)).find((one) => one.id === id);
  if (point === undefined) throw new CodedError('http.not-found', 'there is no such metering point');
  const direction = SHARED_DIRECTIONS[point.role].find((one) => DIRECTION_POINTS[one] === register);
  if (direction === undefined)
    throw new CodedError('http.request-invalid', `${point.name} shares no register ${register}`);
  return { point, direction };
}

function checkSpan(app: App, { fromMs, toMs }: Span): Span {
  const fault = spanFault({ fromMs, toMs }, nowMs(app));
  if (fault !== null) throw new CodedError('http.request-invalid', fault);
  return { fromMs, toMs };
}

async function substitutesOf(app: App, id: string): Promise<Substitute[]> {
  const point = (await listPoints(app.db)).find((one) => one.id === id);
  if (point === undefined) throw new CodedError('http.not-found', 'there is no such metering point');
  const names = await readNames(app.db);
  return (await listSubstitutes(app.db, point)).map(({ withdrawal, ...one }) => ({
    ...one,
    point: point.id,
    author: nameReferences(one.author, names),
    withdrawal: withdrawal && { ...withdrawal, author: nameReferences(withdrawal.author, names) },
  }));
}

async function readSubstitute(app: App, point: string, id: string): Promise<Substitute> {
  const found = (await substitutesOf(app, point)).find((one) => one.id === id);
  if (found === undefined) throw new CodedError('http.not-found', 'nobody has typed such a value');
  return found;
}
