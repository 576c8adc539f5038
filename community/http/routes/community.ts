/** The community, who I am, and what flows now and over a day. */
import { Community, EnergyDay, Flow, Me } from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { energyDay } from '../../live/energy-day.ts';
import { LOGGED_IN, PUBLIC, principalOf } from '../access.ts';
import { nowMs, type Routes } from '../app.ts';
import { checkDay, DayQuery } from './parameters.ts';

export const communityRoutes: Routes = (server, app) => {
  const tags = ['community'];
  server.get(
    '/community',
    {
      config: { access: PUBLIC },
      schema: { tags, summary: 'The community and its clock; readable before log-in', response: { 200: Community } },
    },
    async () => ({ ...app.site, isDemo: app.isDemo, clock: app.clock.status() }),
  );
  server.get(
    '/me',
    { config: { access: LOGGED_IN }, schema: { tags, summary: 'Who is logged in', response: { 200: Me } } },
    async (request) => {
      const { user, member, name, email, roles } = principalOf(request);
      return { user, member, name, email, roles: [...roles] };
    },
  );
  server.get(
    '/flow',
    { config: { access: LOGGED_IN }, schema: { tags, summary: 'What flows at this moment', response: { 200: Flow } } },
    () => app.live.flow(),
  );
  server.get(
    '/flow/day',
    {
      config: { access: LOGGED_IN },
      schema: {
        tags,
        summary: 'A local day in 15-minute intervals, by kind',
        querystring: Type.Object({ day: DayQuery }),
        response: { 200: EnergyDay },
      },
    },
    async (request) => energyDay(app.db, { day: checkDay(request.query.day), zone: app.site.zone, nowMs: nowMs(app) }),
  );
};
