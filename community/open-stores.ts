/** Opens what lasts: the register, filled from a seed once; the log-ins; and the live side on top of them. */
import type { OpenedClock } from '@commonworks/clock';
import { admitAdminToken } from './auth/admin-token.ts';
import { alignLogIns } from './auth/align-log-ins.ts';
import { makeDemoLogins, refuseDemoFile } from './auth/demo-logins.ts';
import { openLogIn } from './auth/log-in.ts';
import { type Db, openDatabase } from './database.ts';
import type { Logger } from './http/app.ts';
import { type CommunityLive, createCommunityLive } from './live/community-live.ts';
import { applySeed } from './register/apply-seed.ts';
import type { CommunitySite } from './site.ts';
import { seedBookings } from './workshop/bookings.ts';

export type Stores = Awaited<ReturnType<typeof openStores>>;

/** @throws CodedError when a file is unusable, of a newer version, or a seed is not valid. */
export async function openStores(site: CommunitySite, options: { clock: OpenedClock; log: Logger }) {
  const { clock, log } = options;
  const isDemo = site.config.demo !== undefined;
  refuseDemoFile(site.demoLoginsFile, isDemo);
  const db = await openDatabase(site.communityFile);
  await fillRegister(db, site);
  const logIn = await openLogIn({
    file: site.authFile,
    secret: site.authSecret,
    publicUrl: site.publicUrl,
    cookiePrefix: `cw-${site.config.community.id.slice(-8)}`,
    now: Date.now,
    log: (level, message) => log[level]({ part: 'log-in' }, message),
  });
  await alignLogIns(db, logIn).catch((error) => log.error({ err: error }, 'log-ins could not follow the register'));
  admitAdminToken(site.adminTokenFile, logIn.links);
  if (isDemo) await makeDemoLogins(site.demoLoginsFile, logIn, await membersByEmail(db));
  const onFault = (error: unknown) => log.error({ err: error }, 'live events failed');
  const live = createCommunityLive({ db, zone: site.config.community.zone, clock, onFault });
  await readReach(db, live);
  return {
    db,
    logIn,
    live,
    async close(): Promise<void> {
      logIn.close();
      await db.destroy();
    },
  };
}

async function fillRegister(db: Db, site: CommunitySite): Promise<void> {
  const { id: community, zone } = site.config.community;
  const { seed } = site;
  if (seed === null) return;
  await applySeed(db, seed, { community, also: (tx) => seedBookings(tx, seed, { community, zone, nowMs: 0 }) });
}

/** Who has left gets no log-in again. */
async function membersByEmail(db: Db): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('member')
    .select(['id', 'email'])
    .where('email', 'is not', null)
    .where('left_ms', 'is', null)
    .execute();
  return new Map(rows.map((row) => [row.email ?? '', row.id]));
}

async function readReach(db: Db, live: CommunityLive): Promise<void> {
  const rows = await db.selectFrom('device_reach').selectAll().execute();
  for (const { edge, device, state, reason } of rows) live.setReach(edge, device, { state, reason });
}
