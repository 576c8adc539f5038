/** Starts the broker's auditor and keeps its last verdicts for the status. */
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { InvariantAudit } from '@commonworks/core/audit/index.ts';
import type { BrokerLog } from '../broker-log.ts';

export type FromAuditor = {
  readonly audit: InvariantAudit[];
  readonly check: string;
  /** Sentences of what was found just now. */
  readonly begun: readonly string[];
};

export type BrokerAuditor = { readonly verdicts: () => InvariantAudit[]; readonly close: () => Promise<void> };

const STATE_FILE = 'broker-audit.json';

export function startAudit(telemetryFile: string, log: BrokerLog): BrokerAuditor {
  const workerData = { telemetryFile, stateFile: join(dirname(telemetryFile), STATE_FILE) };
  const worker = new Worker(new URL('./audit-worker.ts', import.meta.url), { workerData });
  let told: InvariantAudit[] = [];
  worker.on('message', ({ audit, begun, check }: FromAuditor) => {
    told = audit;
    for (const message of begun) log.error({ code: 'live.audit-failed', check }, `a check failed: ${message}`);
  });
  // Nobody's question is worth the broker's life; its next start begins it again.
  worker.on('error', (error) => log.error({ err: String(error) }, 'the auditor ended'));
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  return {
    verdicts: () => told,
    close: async () => {
      worker.postMessage('stop');
      await ended;
    },
  };
}
