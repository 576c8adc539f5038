/** The worker thread: follows the log and settles months, on a connection of its own, so that the server stays quick. */
import { parentPort, workerData } from 'node:worker_threads';
import { openClock } from '@commonworks/clock';
import { invariant } from '@commonworks/core';
import { openDatabase } from '../database.ts';
import { logListeners } from '../log-listeners.ts';
import { settlementOf } from '../settlement/runs.ts';
import { settleDue } from '../settlement/settle-due.ts';
import { settleMonth } from '../settlement/settle-month.ts';
import type { DerivationOptions, FromWorker, ToWorker } from './derivation-messages.ts';
import { createTurns, followLog } from './follow-log.ts';
import { logPageReader } from './read-log-page.ts';
import { serveRequests } from './serve-requests.ts';

const HOUR_MS = 3_600_000;

invariant(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
const options = workerData as DerivationOptions;
const stop = new AbortController();
const say = (message: FromWorker) => port.postMessage(message);

const db = await openDatabase(options.file);
const clock = await openClock({ address: options.clockAddress, signal: stop.signal, name: 'community-derivation' });
const { community } = options;

/** Pages and settlements take turns: a run freezes one moment, and runs number their versions. */
const inTurn = createTurns();

port.on('message', (message: ToWorker) => {
  if (message.type === 'stop') stop.abort();
  else void answer(message);
});

async function answer({ id, month, missing }: Extract<ToWorker, { type: 'settle' }>): Promise<void> {
  try {
    const result = await inTurn(() => settleMonth(db, { community, month, missing, nowMs: clock.now() }));
    say({ type: 'reply', id, result: result.ok ? { ok: true, value: settlementOf(result.value) } : result });
  } catch (error) {
    say({ type: 'failed', id, message: String(error) });
  }
}

/** Looked at once in an hour of data, for a month that cannot be settled is read whole to find that out. */
let lookedAtHour = 0;
async function settleIfDue(newestMs: number): Promise<void> {
  const hour = Math.floor(newestMs / HOUR_MS);
  if (hour <= lookedAtHour) return;
  lookedAtHour = hour;
  const runs = await inTurn(() => settleDue(db, community, clock.now()));
  for (const run of runs) say({ type: 'settled', settlement: settlementOf(run) });
}

const workshop = { community: community.id, zone: community.zone, currency: community.currency };
const listeners = logListeners(workshop, clock.now);
await followLog(
  db,
  {
    readPage: logPageReader(options.log, stop.signal),
    listeners,
    inTurn,
    events: {
      onTurn: async () => {
        await inTurn(() => serveRequests(db));
      },
      onPage: async ({ cursor, head, notices, changedStarts }) => {
        const [fromMs, toMs] = changedStarts.reduce(
          ([least, most], start) => [Math.min(least, start), Math.max(most, start)],
          [Number.POSITIVE_INFINITY, 0],
        );
        const changed = changedStarts.length === 0 ? null : { fromMs, toMs, intervals: changedStarts.length };
        say({ type: 'page', cursor, head, changed, notices });
        if (changed !== null) await settleIfDue(toMs);
      },
      onFault: (fault) => say({ type: 'fault', fault: fault && { code: fault.code, message: fault.message } }),
    },
  },
  stop.signal,
);
await inTurn(async () => {});
clock.close();
await db.destroy();
port.close();
