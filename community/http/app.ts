/** What the routes work with: made once in community.ts, handed to every route file. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OpenedClock } from '@commonworks/clock';
import type { HubTime } from '@commonworks/clock/hub-time.ts';
import type { SiteConfig } from '@commonworks/core';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { Auditor } from '../audit/open-audit.ts';
import type { LogIn } from '../auth/log-in.ts';
import type { Commands } from '../control/commands.ts';
import type { Db } from '../database.ts';
import type { CommunityLive } from '../live/community-live.ts';
import type { AskAboutMonth } from '../metering/start-derivation.ts';
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
  /** The hub's own time; `clock` goes by it where it is not a demo's. */
  readonly hub: HubTime;
  /** The site's folder for data: what was confirmed of the time is kept there. */
  readonly dataDir: string;
  readonly logIn: LogIn;
  readonly live: CommunityLive;
  readonly commands: Commands;
  readonly audit: Pick<Auditor, 'state'>;
  readonly askAboutMonth: AskAboutMonth;
  /** The register of edges changed: the broker must hear of it. */
  readonly accessChanged: () => void;
  /** keys/admin.token, removed when the first admin is made. */
  readonly adminTokenFile: string;
  readonly serviceToken: string;
};

/** What sessions are counted and charged by. */
export function workshopOf({ site, isDemo, hub }: App): WorkshopContext {
  const time = isDemo ? undefined : { hub: hub.moment };
  return { community: site.id, zone: site.zone, currency: site.currency, time };
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
