/** What the routes work with: made once in community.ts, handed to every route file. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OpenedClock } from '@commonworks/clock';
import type { SiteConfig } from '@commonworks/core';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { LogIn } from '../auth/log-in.ts';
import type { Commands } from '../control/commands.ts';
import type { Db } from '../database.ts';
import type { CommunityLive } from '../live/community-live.ts';
import type { Derivation } from '../metering/start-derivation.ts';
import type { SettledCommunity } from '../settlement/freeze-period.ts';
import type { WorkshopContext } from '../workshop/sessions.ts';

export type App = {
  readonly site: SiteConfig['community'];
  /** The part of it that settlement needs. */
  readonly community: SettledCommunity;
  readonly isDemo: boolean;
  /** What members type, without a slash at the end. */
  readonly publicUrl: string;
  readonly db: Db;
  readonly clock: OpenedClock;
  readonly logIn: LogIn;
  readonly live: CommunityLive;
  readonly commands: Commands;
  readonly settle: Derivation['settle'];
  /** The register of edges changed: the broker must hear of it. */
  readonly accessChanged: () => void;
  /** keys/admin.token, removed when the first admin is made. */
  readonly adminTokenFile: string;
  readonly serviceToken: string;
};

/** What sessions are counted and charged by. */
export function workshopOf({ site }: App): WorkshopContext {
  return { community: site.id, zone: site.zone, currency: site.currency };
}

/** Brings machines before everybody's eyes at once. */
export function machinesChanged(app: App, machines: readonly string[]): void {
  app.live.forget();
  for (const machine of machines) app.live.hub.touch('machine', machine);
  app.live.hub.flush();
}

/** Whole milliseconds of the community's time. */
export function nowMs(app: App): number {
  return Math.trunc(app.clock.now());
}

export type Server = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export type Logger = FastifyBaseLogger;

/** Registers the routes of one subject, below /api/v1. */
export type Routes = (server: Server, app: App) => void;
