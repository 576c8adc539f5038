/** Judges what waited for the hub's time, whenever that became known or was set; some packs at a time, beside the data. */
import type { HubMoment } from '@commonworks/core';
import type { JudgedAgain } from '@commonworks/telemetry/log/boot-clocks.ts';
import type { WorkerCalls } from '@commonworks/telemetry/worker/call-worker.ts';
import type { BrokerLog } from '../broker-log.ts';
import type { WriteWorkerApi } from './write-worker.ts';

export type JudgeAgainOptions = {
  readonly writer: Pick<WorkerCalls<WriteWorkerApi>, 'call'>;
  readonly moment: () => HubMoment;
  readonly log: BrokerLog;
};

/**
 * Returns what to call at the start, at every change of the hub's time, and when the clock of a boot with many packs was
 * told. An untrusted hub looks too: what its clock was too far behind for may fit it now; what it refused while trusted
 * it judges again only when it is trusted.
 */
export function createJudgeAgain({ writer, moment, log }: JudgeAgainOptions): () => Promise<void> {
  let running: Promise<void> | null = null;
  let isWanted = false;
  const judge = async (reason: JudgedAgain) => {
    let afterCursor: number | null = 0;
    while (afterCursor !== null) {
      afterCursor = await writer.call('judgeAgain', { reason, afterCursor, hub: moment() });
    }
  };
  const run = async () => {
    while (isWanted) {
      isWanted = false;
      await judge('told');
      await judge('hub');
      if (moment().isTrusted) await judge('refused');
    }
  };
  const again = (): Promise<void> => {
    isWanted = true;
    running ??= run()
      .catch((error: unknown) => {
        log.warn({ code: 'broker.commit-failed', err: String(error) }, 'what waits for the time could not be judged');
      })
      .finally(() => {
        running = null;
        // Asked for between the last look and here.
        return isWanted ? again() : undefined;
      });
    return running;
  };
  return again;
}
