/** The community server: register, derivation, live side, commands and web, wired together. */
import { hostname } from 'node:os';
import type { OpenedClock } from '@commonworks/clock';
import type { HubTime } from '@commonworks/clock/hub-time.ts';
import { CodedError } from '@commonworks/core';
import { type Auditor, openAudit } from './audit/open-audit.ts';
import { forgetRefusals } from './badges/refusals.ts';
import { forgetKeys } from './control/idempotency.ts';
import { type Logger, workshopOf } from './http/app.ts';
import { buildServer } from './http/server.ts';
import { runLiveLoop } from './live/live-loop.ts';
import { createLogStateReader } from './live/log-state.ts';
import { createRefusalReader } from './live/login-refusals.ts';
import { takeSnapshot } from './live/snapshot.ts';
import { type Control, openControl } from './open-control.ts';
import { openDerivation } from './open-derivation.ts';
import { openStores, type Stores } from './open-stores.ts';
import type { CommunitySite } from './site.ts';
import { closeSessions, type WorkshopContext } from './workshop/sessions.ts';

export type CommunityOptions = {
  readonly site: CommunitySite;
  readonly peers: { readonly log: string; readonly mqtt: string };
  readonly clock: OpenedClock;
  readonly hub: HubTime;
  /** For the worker, which opens a clock of its own. */
  readonly clockAddress: string | undefined;
  readonly dashboardDir: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly onReady: (address: { host: string; webPort: number }) => void;
};

/** Keys of requests repeated later than this are forgotten. */
const KEY_LIFE_MS = 7 * 86_400_000;

/** Resolves when everything is closed after the signal; rejects when a part died: then the process should end. */
export async function runCommunity(options: CommunityOptions): Promise<void> {
  const { site, clock, hub, log, signal, peers } = options;
  const stores = await openStores(site, options);
  const control = openControl(site, stores, { ...options, mqttUrl: peers.mqtt });
  const following = openDerivation(site, { stores, control }, { ...options, logUrl: peers.log });
  const { db, live, logIn } = stores;
  const source = { url: peers.log, token: site.serviceToken };
  const audit = await openAudit(site, { stores }, { ...options, logUrl: peers.log });
  const [readRefusals, readLogState] = [createRefusalReader(source), createLogStateReader(source)];
  const { id, zone, currency } = site.config.community;
  const backedUp = { dataDir: site.dataDir, isDemo: site.config.demo !== undefined, community: id };
  const app = {
    ...{ site: site.config.community, community: { id, zone, currency }, isDemo: site.config.demo !== undefined },
    ...{
      publicUrl: site.publicUrl,
      dataDir: site.dataDir,
      hub,
      audit,
      db,
      clock,
      logIn,
      live,
      commands: control.commands,
    },
    ...{ askAboutMonth: following.derivation.ask, accessChanged: following.access.push },
    ...{ adminTokenFile: site.adminTokenFile, serviceToken: site.serviceToken },
  };
  // Fastify would tell at info what the ready line says.
  const logger = log.child({}, { level: 'warn' });
  const { server } = await buildServer(app, { logger, machineName: hostname(), dashboardDir: options.dashboardDir });
  const loop = runLiveLoop(
    {
      ...{ live, db },
      snapshot: () =>
        takeSnapshot({
          ...{ db, live, clock, hub, ...following, link: control.link, readRefusals, readLogState, backedUp, zone },
          audit,
        }),
      isReplaying: () => clock.status().mode === 'replaying',
      housekeeping: () => keepHouse({ stores, control, audit }, { clock, context: workshopOf(app) }),
      onFault: (error) => log.error({ err: error }, 'housekeeping failed'),
    },
    signal,
  );
  try {
    const { host, webPort } = site.config.listen;
    await server.listen({ host, port: webPort }).catch((cause: unknown) => {
      throw new CodedError('community.listen-failed', `cannot listen on ${host}:${webPort}`, { cause });
    });
    const address = server.server.address();
    options.onReady({ host, webPort: typeof address === 'object' && address !== null ? address.port : webPort });
    await Promise.race([loop, following.derivation.closed]);
    if (!signal.aborted) throw new Error('a part of the server ended by itself');
  } finally {
    await server.close();
    await control.link.close();
    await audit.close();
    if (signal.aborted) await Promise.allSettled([loop, following.derivation.closed]);
    await stores.close();
  }
}

/** What waits for time to pass: commands nobody answered for, sessions whose machine is silent, relays, old keys and refusals. */
async function keepHouse(
  { stores, control, audit }: { stores: Stores; control: Control; audit: Auditor },
  { clock, context }: { clock: OpenedClock; context: WorkshopContext },
): Promise<void> {
  const { db, live } = stores;
  const nowMs = Math.trunc(clock.now());
  await control.commands.expireOverdue();
  await forgetKeys(db, nowMs - KEY_LIFE_MS);
  await forgetRefusals(db, nowMs);
  for (const { id } of (await live.machineState()).machines) {
    await db.transaction().execute((tx) => closeSessions(tx, { machine: id, nowMs }, context));
  }
  await control.keepRelays();
  await audit.tellRelays();
}
