/** Badges: who has one, which were shown and belong to nobody, giving and taking them back. */
import { BadgeHash, BadgeRecord, BadgeRequest, UnknownBadge } from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { giveBadge, listBadges, revokeBadge } from '../../badges/badge-register.ts';
import { unknownBadges } from '../../badges/refusals.ts';
import { endSessionOfBadge } from '../../workshop/sessions.ts';
import { roles } from '../access.ts';
import { machinesChanged, nowMs, type Routes, workshopOf } from '../app.ts';
import { accepted } from '../problem.ts';

const tags = ['badges'];

export const badgeRoutes: Routes = (server, app) => {
  server.get(
    '/badges',
    {
      config: { access: roles('admin') },
      schema: { tags, summary: 'Every badge that was given, and to whom', response: { 200: Type.Array(BadgeRecord) } },
    },
    () => listBadges(app.db),
  );
  server.get(
    '/badges/unknown',
    {
      config: { access: roles('operator', 'admin') },
      schema: {
        tags,
        summary: 'Badges shown at a reader that nobody has, the one shown last first; at most 50',
        response: { 200: Type.Array(UnknownBadge) },
      },
    },
    () => unknownBadges(app.db),
  );
  server.post(
    '/badges',
    {
      config: { access: roles('admin') },
      schema: { tags, summary: 'Give a member a badge', body: BadgeRequest, response: { 201: BadgeRecord } },
    },
    async (request, reply) => {
      const at = { community: app.site.id, nowMs: nowMs(app) };
      const given = await app.db.transaction().execute((tx) => giveBadge(tx, request.body, at));
      return reply.code(201).send(accepted(given));
    },
  );
  server.post(
    '/badges/:id/revoke',
    {
      config: { access: roles('admin') },
      schema: {
        tags,
        summary: 'Take a badge back: it opens nothing any more, and what it opened ends',
        params: Type.Object({ id: BadgeHash }),
        response: { 200: BadgeRecord },
      },
    },
    async (request) => {
      const { id } = request.params;
      const atMs = nowMs(app);
      const { badge, machine } = await app.db.transaction().execute(async (tx) => ({
        badge: await revokeBadge(tx, id, atMs),
        machine: await endSessionOfBadge(tx, { badge: id, atMs }, workshopOf(app)),
      }));
      if (machine !== null) machinesChanged(app, [machine]);
      return badge;
    },
  );
};
