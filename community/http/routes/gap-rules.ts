/** How the energy of gaps is placed: chosen by the treasurer, from a month on. */
import { GapRule, GapRuleRequest } from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { listGapRules, setGapRule } from '../../metering/set-gap-rule.ts';
import { people, principalOf, roles } from '../access.ts';
import { nowMs, type Routes } from '../app.ts';
import { accepted } from '../problem.ts';

const tags = ['accounts'];

export const gapRuleRoutes: Routes = (server, app) => {
  server.get(
    '/gap-rules',
    {
      config: { access: roles('treasurer', 'admin') },
      schema: {
        tags,
        summary: 'How energy that a register counted over a gap is placed, newest rule first',
        response: { 200: Type.Array(GapRule) },
      },
    },
    () => listGapRules(app.db),
  );
  server.post(
    '/gap-rules',
    {
      config: { access: people('treasurer') },
      schema: {
        tags,
        summary: 'Place gaps otherwise from a month on that is not settled',
        body: GapRuleRequest,
        response: { 201: Type.Array(GapRule) },
      },
    },
    async (request, reply) => {
      const by = { zone: app.site.zone, author: principalOf(request).user, nowMs: nowMs(app) };
      await app.db.transaction().execute(async (tx) => accepted(await setGapRule(tx, { ...request.body, ...by })));
      return reply.code(201).send(await listGapRules(app.db));
    },
  );
};
