/** What operators see and do: devices, alarms, commands. */
import { CodedError } from '@commonworks/core';
import { Alarm, CommandRecord, CommandRequest, Device } from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { listCommands } from '../../control/command-store.ts';
import { listAlarms } from '../../live/alarms.ts';
import { principalOf, roles } from '../access.ts';
import type { Routes } from '../app.ts';
import { linkNext, PageQuery, pageOf } from '../paging.ts';
import { accepted } from '../problem.ts';
import { IdempotencyHeaders, IdParam } from './parameters.ts';

const STAFF = roles('operator', 'admin');

export const operationRoutes: Routes = (server, app) => {
  const tags = ['operations'];
  server.get(
    '/devices',
    {
      config: { access: STAFF },
      schema: { tags, summary: 'Every device, its values and their quality', response: { 200: Type.Array(Device) } },
    },
    () => app.live.devices(),
  );
  server.get(
    '/alarms',
    {
      config: { access: STAFF },
      schema: {
        tags,
        summary: 'What is wrong, open alarms first',
        querystring: PageQuery,
        response: { 200: Type.Array(Alarm) },
      },
    },
    async (request, reply) => {
      const page = pageOf(request.query);
      const rows = await listAlarms(app.db, page);
      return linkNext(request, reply, { rows, limit: page.limit, timeOf: (row) => row.sinceMs });
    },
  );
  server.post(
    '/commands',
    {
      config: { access: roles('operator') },
      schema: {
        tags,
        summary: 'Ask something of a device; follow its steps until it is confirmed',
        headers: IdempotencyHeaders,
        body: CommandRequest,
        response: { 201: CommandRecord },
      },
    },
    async (request, reply) => {
      const { user } = principalOf(request);
      const key = request.headers['idempotency-key'];
      const named = key === undefined ? null : { principal: user, key, kind: 'command', body: request.body };
      const id = accepted(await app.commands.issue(request.body, { user, key: named }));
      return reply.code(201).send(await readCommand(id));
    },
  );
  server.get(
    '/commands',
    {
      config: { access: STAFF },
      schema: {
        tags,
        summary: 'Commands, newest first',
        querystring: PageQuery,
        response: { 200: Type.Array(CommandRecord) },
      },
    },
    async (request, reply) => {
      const page = pageOf(request.query);
      const rows = await listCommands(app.db, page);
      return linkNext(request, reply, { rows, limit: page.limit, timeOf: (row) => row.steps[0]?.atMs ?? 0 });
    },
  );
  server.get(
    '/commands/:id',
    {
      config: { access: STAFF },
      schema: { tags, summary: 'A command and its steps', params: IdParam, response: { 200: CommandRecord } },
    },
    (request) => readCommand(request.params.id),
  );

  async function readCommand(id: string): Promise<CommandRecord> {
    const command = await app.commands.find(id);
    if (command === null) throw new CodedError('http.not-found', 'there is no such command');
    return command;
  }
};
