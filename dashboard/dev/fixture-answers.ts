/** The HTTP API of the fixture: a table from method and path to an answer and the schema it must match. */

import { LedgerHead, LinkInfo, TariffRecord } from '@commonworks/core/api/admin.ts';
import * as api from '@commonworks/core/api/index.ts';
import { AuditState } from '@commonworks/core/audit/invariants.ts';
import { ERROR_CATALOGUE } from '@commonworks/core/error-catalogue.ts';
import { localMonth, previousMonth } from '@commonworks/core/time.ts';
import { type TSchema, Type } from 'typebox';
import { fixtureAudit } from './fixture-audit.ts';
import { fixtureBackup } from './fixture-backup.ts';
import { fixtureClocks } from './fixture-clocks.ts';
import { createClosing } from './fixture-closing.ts';
import { energyDay, flowAt } from './fixture-flow.ts';
import { alarmsAt, commandOf, devicesAt, STEPS_AHEAD, stepOn } from './fixture-operator.ts';
import { FIXTURE_PASSWORD, fixtureMembers, LOGINS, type Login } from './fixture-people.ts';
import { createRegister } from './fixture-register.ts';
import type { Call } from './fixture-server.ts';
import { hashOf, homeIntervals, memberShare, type Person, statementList, statementOf } from './fixture-share.ts';
import { createWorkshop } from './fixture-workshop.ts';
import { ZONE } from './fixture-world.ts';

export type Answer = {
  readonly status?: number;
  readonly schema?: TSchema;
  readonly body?: unknown;
  readonly cookie?: string;
  readonly text?: string;
};
export type FixtureClock = { readonly now: () => number; readonly speed: number };
type Asked = Call & { readonly id: string; readonly month: string; readonly login: Login };
type Handler = (asked: Asked) => Answer;
export type Answers = ReturnType<typeof createAnswers>;

export function createAnswers({ now, speed }: FixtureClock) {
  const startMs = now();
  const workshop = createWorkshop(startMs);
  let commands: api.CommandRecord[] = [];
  let lastStepMs = 0;
  const community: api.Community = {
    ...{ id: 'sonnenhof', name: 'Sonnenhof', zone: ZONE, currency: 'EUR', locale: 'en', isDemo: true },
    clock: { nowMs: startMs, speed, mode: 'demo' },
  };
  const routes: Record<string, Handler> = {
    ...readRoutes(now),
    ...workshopRoutes(workshop, now),
    ...registerRoutes(now),
    ...createClosing(now),
    'GET /commands': () => ({ schema: Type.Array(api.CommandRecord), body: commands }),
    'POST /commands': ({ body, login }) => {
      const command = commandOf(body as api.CommandRequest, login.name, {
        id: `c${commands.length + 1}`,
        nowMs: now(),
      });
      commands = [command, ...commands];
      lastStepMs = performance.now();
      return { status: 202, schema: api.CommandRecord, body: command };
    },
  };
  return {
    answer(call: Call): Answer {
      if (call.path === '/api/v1/community') {
        return { schema: api.Community, body: { ...community, clock: { ...community.clock, nowMs: now() } } };
      }
      return authAnswer(call) ?? routeAnswer(routes, call);
    },
    events: (login: Login) => ({
      flow: flowAt(now()),
      clock: { nowMs: now(), speed, mode: 'demo' as const },
      mine: memberShare(personOf(login), '2026-06-17', now()).now,
    }),
    /** The newest command goes one step further; undefined when there is nothing to do. */
    stepCommand(): api.CommandRecord | undefined {
      const [newest, ...older] = commands;
      const next = newest === undefined ? undefined : STEPS_AHEAD[newest.steps.length - 1];
      if (newest === undefined || next === undefined || performance.now() - lastStepMs < 400) return undefined;
      const stepped = stepOn(newest, next, now());
      commands = [stepped, ...older];
      lastStepMs = performance.now();
      return stepped;
    },
  };
}

function authAnswer({ method, path, body, login }: Call): Answer | undefined {
  const field = (name: string) => String((body as Record<string, unknown> | undefined)?.[name] ?? '');
  if (path === '/api/auth/sign-in/email') {
    const found = LOGINS.find(({ email }) => email === field('email'));
    if (found === undefined || field('password') !== FIXTURE_PASSWORD) {
      return problem(401, 'auth.wrong-password', 'The e-mail address and the password do not belong together.');
    }
    return { body: { user: found.user }, cookie: `fixture=${found.user}; Path=/; HttpOnly; SameSite=Lax` };
  }
  if (path === '/api/auth/sign-out') return { body: {}, cookie: 'fixture=; Path=/; Max-Age=0' };
  if (path === '/api/v1/auth/link') {
    if (field('token').startsWith('spent')) return problem(410, 'auth.link-spent', 'This link was used or is too old.');
    const isSetup = field('token').startsWith('setup');
    const who = isSetup ? { name: null, email: null } : { name: 'Clara', email: 'clara@demo' };
    const info = { purpose: isSetup ? 'setup' : 'invite', ...who, expiresMs: Date.now() + 86_400_000 };
    return { schema: LinkInfo, body: info };
  }
  if (path === '/api/v1/auth/accept') return { body: { member: 'anna', email: 'anna@demo' } };
  if (login === undefined) return problem(401, 'http.not-logged-in', `${method} ${path} needs a log-in.`);
  return undefined;
}

function routeAnswer(routes: Record<string, Handler>, call: Call): Answer {
  const parts = call.path.replace('/api/v1', '').split('/');
  const month = [parts[2], parts[4]].find((part) => MONTH.test(part ?? '')) ?? '';
  const named = parts.map((part, index) => {
    if (index === 2 && MONTH.test(part)) return ':month';
    return index === 2 && !FIXED.has(part) ? ':id' : index === 4 && part === month ? ':month' : part;
  });
  const handler = routes[`${call.method} ${named.join('/')}`];
  if (handler === undefined || call.login === undefined) {
    return problem(404, 'http.not-found', `There is no ${call.method} ${call.path}.`);
  }
  return handler({ ...call, login: call.login, id: decodeURIComponent(parts[2] ?? ''), month });
}

const MONTH = /^\d{4}-\d{2}$/;
const TARIFF = {
  ...{ id: 't1', fromMs: Date.UTC(2025, 11, 31, 23), method: 'pro-rata' },
  ...{ internalPrice: '14.5', gridPrice: '27.9', feedInPrice: '7.2' },
  ...{ shareBy: 'member', storageOrigin: 'proportional' },
};
const FIXED = new Set(['day', 'head', 'unknown', 'transfers']);

function readRoutes(now: () => number): Record<string, Handler> {
  return {
    'GET /me': ({ login: { home: _home, ...me } }) => ({ schema: api.Me, body: me }),
    'GET /flow': () => ({ schema: api.Flow, body: flowAt(now()) }),
    'GET /flow/day': ({ query }) => ({ schema: api.EnergyDay, body: energyDay(query.get('day') ?? '', now()) }),
    'GET /members/:id/share': ({ login, query }) => ({
      schema: api.MemberShare,
      body: memberShare(personOf(login), query.get('day') ?? '', now()),
    }),
    'GET /members/:id/statements': ({ login, id }) => ({
      schema: Type.Array(api.StatementSummary),
      body: statementList(memberOf(id, login), now()),
    }),
    'GET /members/:id/statements/:month': ({ login, id, month }) => ({
      schema: api.Statement,
      body: statementOf(memberOf(id, login), month, now()),
    }),
    'GET /members/:id/statements/:month/intervals': ({ login, query }) => ({
      schema: Type.Array(api.ShareInterval),
      body: homeIntervals(login.home, query.get('day') ?? '', now()),
    }),
    'GET /members/:id/statements/:month/intervals.csv': () => ({ text: 'start,consumed_kwh\r\n' }),
    'GET /settlements': () => ({ schema: Type.Array(api.Settlement), body: settlements(now()) }),
    'POST /settlements': () => ({ schema: api.Settlement, body: settlements(now())[0] }),
    'GET /tariffs': () => ({ schema: Type.Array(TariffRecord), body: [TARIFF] }),
    'GET /ledger/head': () => ({ schema: LedgerHead, body: { seq: 4_812, hash: hashOf('head') } }),
    'GET /devices': () => ({ schema: Type.Array(api.Device), body: devicesAt(now()) }),
    'GET /audit': () => ({ schema: AuditState, body: fixtureAudit(now()) }),
    'GET /backup': () => ({ schema: api.BackupState, body: fixtureBackup(now()) }),
    'GET /clocks': () => ({ schema: api.Clocks, body: fixtureClocks(now()) }),
    'POST /clocks/confirmations': () => ({ status: 201, schema: api.Clocks, body: fixtureClocks(now()) }),
    'GET /alarms': () => ({ schema: Type.Array(api.Alarm), body: alarmsAt(now()) }),
  };
}

function workshopRoutes(workshop: ReturnType<typeof createWorkshop>, now: () => number): Record<string, Handler> {
  return {
    'GET /machines': ({ login }) => ({ schema: Type.Array(api.Machine), body: workshop.machines(login.user, now()) }),
    'GET /machines/:id/bookings': ({ id, query, login }) => {
      const span = { fromMs: Number(query.get('fromMs')), toMs: Number(query.get('toMs')) };
      return { schema: Type.Array(api.Booking), body: workshop.bookings(id, span, login.user) };
    },
    'POST /bookings': ({ body, login }) => {
      const booking = workshop.book(body as api.BookingRequest, { id: login.user, name: login.name });
      if (booking === null) return problem(409, 'workshop.booking-overlaps', 'That time is taken.');
      return { status: 201, schema: api.Booking, body: booking };
    },
    'DELETE /bookings/:id': ({ id }) => {
      workshop.cancel(id);
      return { status: 204 };
    },
    'DELETE /machines/:id/sessions': ({ id }) => ({ schema: api.Session, body: workshop.end(id) }),
    'GET /members/:id/bookings': ({ login }) => ({
      schema: Type.Array(api.Booking),
      body: workshop.ofMember(login.user),
    }),
    'GET /members/:id/sessions': ({ login }) => ({
      schema: Type.Array(api.Session),
      body: workshop.sessions({ id: login.user, name: login.name }),
    }),
  };
}

function registerRoutes(now: () => number): Record<string, Handler> {
  return Object.fromEntries(
    Object.entries(createRegister(now)).map(([route, handle]) => [
      route,
      (asked: Asked): Answer => {
        const answered = handle(asked);
        if (!('refused' in answered)) return answered;
        const { status, code, detail } = answered.refused;
        return problem(status, code, detail);
      },
    ]),
  );
}

function settlements(nowMs: number): api.Settlement[] {
  const month = previousMonth(localMonth(nowMs, ZONE));
  const sums = { productionMwh: 4_211_904_112, allocatedMwh: 2_604_331_790, surplusMwh: 1_607_572_322 };
  const battery = {
    ...{ point: 'battery', pointName: 'Battery in the barn', openingMwh: 9_100_000 },
    ...{ chargedOwnMwh: 212_400_000, chargedGridMwh: 18_000_000, givenOwnMwh: 196_300_000, givenGridMwh: 16_900_000 },
    ...{ unknownMwh: 0, lostMwh: 17_400_000, closingMwh: 8_900_000 },
  };
  return [
    {
      ...{
        id: 'run-2',
        month,
        version: 1,
        method: 'pro-rata',
        status: 'settled',
        reasons: [],
        ...sums,
        storage: [battery],
      },
      ...{ inputsHash: hashOf(`inputs ${month}`), ledgerHead: hashOf('head'), createdMs: nowMs - 14 * 86_400_000 },
    },
    {
      ...{ id: 'run-1', month, version: 1, method: 'pro-rata', status: 'refused' },
      reasons: ['Home of Felix: 6 quarter hours of 12 May are missing.'],
      ...{ productionMwh: 0, allocatedMwh: 0, surplusMwh: 0, inputsHash: '', ledgerHead: null, storage: [] },
      createdMs: nowMs - 15 * 86_400_000,
    },
  ];
}

/** Of somebody else the statements look like those of the first home. */
function memberOf(id: string, login: Login): Person {
  const name = fixtureMembers().find((member) => member.id === id)?.name;
  return id === login.user || name === undefined ? personOf(login) : { id, name, home: 0 };
}

function personOf({ user, name, home }: Login): Person {
  return { id: user, name, home };
}

function problem(status: number, code: string, detail: string): Answer {
  const remedy = Object.hasOwn(ERROR_CATALOGUE, code)
    ? ERROR_CATALOGUE[code as keyof typeof ERROR_CATALOGUE].remedy
    : 'Check and try again.';
  const body = { type: `urn:commonworks:error:${code}`, title: detail, status, detail, code, remedy };
  return { status, schema: api.Problem, body };
}
