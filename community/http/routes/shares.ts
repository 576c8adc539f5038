/** A member's share and statements, and the trace behind every figure. */
import { CodedError, daySpan, localDay, localMonth, monthSpan } from '@commonworks/core';
import { MemberShare, ShareInterval, Statement, StatementSummary } from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { memberShare } from '../../settlement/member-share.ts';
import { memberStatement } from '../../settlement/statement.ts';
import { listStatements } from '../../settlement/statement-list.ts';
import { settledIntervals } from '../../settlement/statement-trace.ts';
import { selfOr } from '../access.ts';
import { type App, nowMs, type Routes } from '../app.ts';
import { intervalsCsv } from '../intervals-csv.ts';
import { checkDay, DayQuery, IdParam, MonthText } from './parameters.ts';

const MINE = selfOr('treasurer', 'admin');
const MonthParam = Type.Object({ ...IdParam.properties, month: MonthText });

export const shareRoutes: Routes = (server, app) => {
  const tags = ['shares and statements'];
  server.get(
    '/members/:id/share',
    {
      config: { access: MINE },
      schema: {
        tags,
        summary: "A member's share: now, a day with its intervals, and its month",
        params: IdParam,
        querystring: Type.Object({ day: Type.Optional(DayQuery) }),
        response: { 200: MemberShare },
      },
    },
    async (request) => {
      const member = request.params.id;
      const day = checkDay(request.query.day ?? localDay(nowMs(app), app.site.zone));
      const share = found(await memberShare(app.db, { member, day, zone: app.site.zone, nowMs: nowMs(app) }));
      return { ...share, now: await app.live.mine(member) };
    },
  );
  server.get(
    '/members/:id/statements',
    {
      config: { access: MINE },
      schema: {
        tags,
        summary: 'Statements by month',
        params: IdParam,
        response: { 200: Type.Array(StatementSummary) },
      },
    },
    async (request) =>
      listStatements(app.db, { community: app.community, member: request.params.id, nowMs: nowMs(app) }),
  );
  server.get(
    '/members/:id/statements/:month',
    {
      config: { access: MINE },
      schema: { tags, summary: "A month's statement", params: MonthParam, response: { 200: Statement } },
    },
    async (request) => {
      const { id, month } = request.params;
      return found(await memberStatement(app.db, { community: app.community, member: id, month, nowMs: nowMs(app) }));
    },
  );
  server.get(
    '/members/:id/statements/:month/intervals',
    {
      config: { access: MINE },
      schema: {
        tags,
        summary: 'The 15-minute intervals of a day behind a statement',
        params: MonthParam,
        querystring: Type.Object({ day: DayQuery }),
        response: { 200: Type.Array(ShareInterval) },
      },
    },
    async (request) => {
      const { id, month } = request.params;
      const day = checkDay(request.query.day);
      if (!day.startsWith(month)) throw new CodedError('http.request-invalid', `${day} is not in ${month}`);
      return await dayIntervals(app, id, day);
    },
  );
  server.get(
    '/members/:id/statements/:month/intervals.csv',
    {
      config: { access: MINE },
      schema: {
        tags,
        summary: 'The same as CSV, for the whole month or one day',
        params: MonthParam,
        querystring: Type.Object({ day: Type.Optional(DayQuery) }),
        produces: ['text/csv'],
      },
    },
    async (request, reply) => {
      const { id, month } = request.params;
      const days = request.query.day === undefined ? daysOf(app, month) : [checkDay(request.query.day)];
      const intervals: ShareInterval[] = [];
      for (const day of days) intervals.push(...(await dayIntervals(app, id, day)));
      reply.header('content-disposition', `attachment; filename="intervals-${month}.csv"`);
      return reply.type('text/csv; charset=utf-8').send(intervalsCsv(intervals));
    },
  );
};

/** Of a settled month the frozen ones; else as they are derived now. */
async function dayIntervals(app: App, member: string, day: string): Promise<ShareInterval[]> {
  const frozen = await settledIntervals(app.db, { member, day });
  if (frozen !== null) return frozen;
  return found(await memberShare(app.db, { member, day, zone: app.site.zone, nowMs: nowMs(app) })).day.intervals;
}

/** Of the running month only days that have begun. */
function daysOf(app: App, month: string): string[] {
  const { zone } = app.site;
  const span = monthSpan(month, zone);
  const days: string[] = [];
  for (let atMs = span.fromMs; atMs < Math.min(span.toMs, nowMs(app)); ) {
    const day = localDay(atMs, zone);
    if (localMonth(atMs, zone) === month) days.push(day);
    atMs = daySpan(day, zone).toMs;
  }
  return days;
}

function found<T>(value: T | null): T {
  if (value === null) throw new CodedError('http.not-found', 'there is no such member');
  return value;
}
