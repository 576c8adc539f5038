/** The hub's time and its agents' clocks: shown to staff, and confirmed by a person with a browser. */
import { readConfirmations } from '@commonworks/clock/hub-time.ts';
import { confirmTime } from '@commonworks/clock/keep-hub-time.ts';
import { Clocks, ConfirmTimeRequest } from '@commonworks/core/api/index.ts';
import { listEdgeClocks } from '../../clocks/edge-clocks.ts';
import { waitingPacks } from '../../clocks/waiting-packs.ts';
import { people, principalOf, roles } from '../access.ts';
import type { App, Routes } from '../app.ts';
import { readMember } from '../read-member.ts';

const tags = ['operations'];
const CONFIRMATIONS_SHOWN = 20;

export const clockRoutes: Routes = (server, app) => {
  server.get(
    '/clocks',
    {
      config: { access: roles('operator', 'treasurer', 'admin') },
      schema: {
        tags,
        summary: "The hub's time, what it rests on and how far it may be off; each agent's clock with its history",
        response: { 200: Clocks },
      },
    },
    () => clocksNow(app),
  );
  server.post(
    '/clocks/confirmations',
    {
      config: { access: people('operator', 'admin') },
      schema: {
        tags,
        summary: "Confirm the time: the hub's is set by the browser's, and trusted while its error stays bounded",
        body: ConfirmTimeRequest,
        response: { 201: Clocks },
      },
    },
    async (request, reply) => {
      const { name } = await readMember(app, principalOf(request).user);
      await confirmTime(app.dataDir, app.hub, { ...request.body, by: name });
      app.live.forget();
      return reply.code(201).send(await clocksNow(app));
    },
  );
};

async function clocksNow({ db, hub, dataDir }: App): Promise<Clocks> {
  return {
    hub: hub.state(),
    confirmations: readConfirmations(dataDir).slice(-CONFIRMATIONS_SHOWN).reverse(),
    edges: await listEdgeClocks(db),
    waiting: await waitingPacks(db),
  };
}
