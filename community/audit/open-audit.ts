/** The main thread's side of the audit: starts the auditor, keeps what it found, and tells it which relays are on. */
import { Worker } from 'node:worker_threads';
import type { OpenedClock } from '@commonworks/clock';
import type { HubTime } from '@commonworks/clock/hub-time.ts';
import { type AuditState, EMPTY_PAGE, type OpenFinding, takeSlice, verdicts } from '@commonworks/core/audit/index.ts';
import type { Logger } from '../http/app.ts';
import type { Stores } from '../open-stores.ts';
import type { CommunitySite } from '../site.ts';
import type { AuditWorkerData, FromAuditor, ToAuditor } from './audit-messages.ts';
import { createBrokerAuditReader } from './broker-audit.ts';
import { COMMUNITY_CHECKS } from './community-checks.ts';
import { loadPages, savePages } from './keep-pages.ts';
import { seenRelays } from './seen-relays.ts';

export type Auditor = Awaited<ReturnType<typeof openAudit>>;

/** Where it stands is written this often; what it finds at once. */
const SAVE_MS = 60_000;

export async function openAudit(
  site: CommunitySite,
  { stores }: { stores: Stores },
  options: { hub: HubTime; clock: OpenedClock; log: Logger; logUrl: string },
) {
  const { db, live } = stores;
  const { hub, clock, log } = options;
  const pages = await loadPages(db);
  const { zone } = site.config.community;
  const positions = new Map([...pages].map(([name, { position }]) => [name, position]));
  const workerData: AuditWorkerData = {
    file: site.communityFile,
    files: [site.communityFile, site.authFile],
    zone,
    positions,
  };
  const worker = new Worker(new URL('./audit-worker.ts', import.meta.url), { workerData });
  const tell = (message: ToAuditor) => worker.postMessage(message);
  const readBroker = createBrokerAuditReader({ url: options.logUrl, token: site.serviceToken });
  let savedMs = performance.now();
  let saving: Promise<void> = Promise.resolve();
  const save = () => {
    savedMs = performance.now();
    saving = saving
      .then(() => savePages(db, COMMUNITY_CHECKS, pages))
      .catch((error) => log.error({ err: error }, 'the audit could not be kept'));
  };
  worker.on('message', ({ name, slice }: FromAuditor) => {
    const change = takeSlice(pages.get(name) ?? EMPTY_PAGE, slice, Math.trunc(hub.now()));
    pages.set(name, change.page);
    tellLog(log, name, change);
    const isNews = change.begun.length + change.ended.length > 0;
    if (isNews || performance.now() - savedMs > SAVE_MS) save();
  });
  // Nobody's question is worth the server's life; a restart of the server starts it again.
  worker.on('error', (error) => log.error({ err: error }, 'the auditor ended'));
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  return {
    /** Of this server, and of the broker as it last told. */
    state: async (): Promise<AuditState> => {
      const broker = await readBroker();
      const checks = [...(broker ?? []), ...verdicts(COMMUNITY_CHECKS, pages)];
      return { nowMs: Math.trunc(hub.now()), isBrokerKnown: broker !== null, checks };
    },
    tellRelays: async (): Promise<void> => {
      const { speed } = clock.status();
      tell({
        type: 'relays',
        nowMs: Math.trunc(clock.now()),
        speed,
        seen: seenRelays(live, await live.machineState()),
      });
    },
    close: async (): Promise<void> => {
      tell({ type: 'stop' });
      await ended;
      save();
      await saving;
    },
  };
}

type Change = { readonly begun: readonly OpenFinding[]; readonly ended: readonly OpenFinding[] };

function tellLog(log: Logger, check: string, { begun, ended }: Change): void {
  for (const { subject, message } of begun)
    log.error({ code: 'live.audit-failed', check, subject }, `a check failed: ${message}`);
  for (const { subject } of ended) log.info({ check, subject }, 'a check finds right what it found wrong before');
}
