/** Starts what follows the broker: the derivation worker and the list of who may connect. */
import type { OpenedClock } from '@commonworks/clock';
import { hubTimeKind } from '@commonworks/core';
import { startAccessSync } from './access-sync/sync-access.ts';
import type { Logger } from './http/app.ts';
import { LogProgress } from './live/snapshot.ts';
import type { Notice } from './metering/log-listener.ts';
import { startDerivation } from './metering/start-derivation.ts';
import { bringNotices } from './notices.ts';
import type { Control } from './open-control.ts';
import type { Stores } from './open-stores.ts';
import type { CommunitySite } from './site.ts';

export type Following = ReturnType<typeof openDerivation>;

export function openDerivation(
  site: CommunitySite,
  parts: { stores: Stores; control: Control },
  options: { logUrl: string; clock: OpenedClock; clockAddress: string | undefined; log: Logger; signal: AbortSignal },
) {
  const { db, live } = parts.stores;
  const { clock, log, signal } = options;
  const { id, zone, currency } = site.config.community;
  const progress = new LogProgress();
  const source = { url: options.logUrl, token: site.serviceToken };
  const onFault = (fault: { code: string; message: string } | null) => logFault(log, fault);
  const onNotices = (notices: readonly Notice[]) => {
    bringNotices(notices, { db, live, now: clock.now })
      .then(({ machines }) => (machines ? parts.control.keepRelays() : undefined))
      .catch((error) => log.error({ err: error }, 'news of the log could not be shown'));
  };
  const derivation = startDerivation(
    {
      ...{ file: site.communityFile, community: { id, zone, currency }, log: source },
      ...{ clockAddress: options.clockAddress, dataDir: site.dataDir, hubKind: hubTimeKind(site.config) },
    },
    {
      onPage: (page) => {
        progress.note(page, clock.now());
        onNotices(page.notices);
      },
      onNotices,
      onFault,
      onSettled: ({ month, version }) => log.info({ month, version }, 'month settled'),
    },
    signal,
  );
  const access = startAccessSync({ db, community: id, log: source, now: clock.now, onFault }, signal);
  return { derivation, access, progress };
}

function logFault(log: Logger, fault: { code: string; message: string } | null): void {
  if (fault === null) log.info('the broker answers again');
  else log.warn({ code: fault.code }, fault.message);
}
