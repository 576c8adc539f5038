/** Opens the way to the edges: the broker's connection, commands, and the relays of the workshop's machines. */
import type { OpenedClock } from '@commonworks/clock';
import { createCommands } from './control/commands.ts';
import { readSigningKey } from './control/sign-command.ts';
import type { Logger } from './http/app.ts';
import { openBrokerLink } from './live/broker-link.ts';
import { liveMachine } from './live/machine-live.ts';
import { newId } from './new-id.ts';
import { commandChanged } from './notices.ts';
import type { Stores } from './open-stores.ts';
import type { CommunitySite } from './site.ts';
import { keepRelays } from './workshop/relay-keeper.ts';

export type Control = ReturnType<typeof openControl>;

/** Returns at once; the broker may come later. */
export function openControl(
  site: CommunitySite,
  stores: Stores,
  options: { mqttUrl: string; clock: OpenedClock; log: Logger },
) {
  const { db, live } = stores;
  const { clock, log } = options;
  const community = site.config.community.id;
  const touchDevice = (edge: string, device: string) => live.hub.touch('device', `${edge}/${device}`, edge);
  const link = openBrokerLink({
    url: options.mqttUrl,
    community,
    token: site.serviceToken,
    clientId: `service-community-${newId(Date.now()).slice(-12)}`,
    live: live.values,
    onValues: touchDevice,
    onStatus: (edge) => {
      for (const known of live.values.known()) if (known.edge === edge) touchDevice(edge, known.device);
    },
    onConnection: (isUp) => log[isUp ? 'info' : 'warn'](isUp ? 'broker connected' : 'broker lost'),
  });
  const shown = { db, live, now: clock.now };
  const commands = createCommands({
    db,
    community,
    key: readSigningKey(site.signingKey),
    live: live.values,
    link,
    now: clock.now,
    speed: () => clock.status().speed,
    onChange: (id) => {
      commandChanged(id, shown).catch((error) => log.error({ err: error }, 'a command could not be shown'));
    },
  });
  return {
    link,
    commands,
    /** What a demo replays happened long ago: its relays are not switched now. */
    async keepRelays(): Promise<void> {
      if (clock.status().mode === 'replaying' || !link.isConnected()) return;
      const state = await live.machineState();
      const speed = () => clock.status().speed;
      await keepRelays({ db, issue: commands.issue, now: clock.now, speed }, state, liveMachine(live.values, state));
    },
  };
}
