/** The worker thread: follows the log and settles months, on a connection of its own, so that the server stays quick. */
import { parentPort, workerData } from 'node:worker_threads';
import { openClock } from '@commonworks/clock';
import { openHubTime } from '@commonworks/clock/hub-time.ts';
import { invariant, localMonth, monthSpan } from '@commonworks/core';
import { followHub } from '../clocks/follow-hub.ts';
import { answerQuestion } from '../closing/answer-question.ts';
import { readNames } from '../closing/names.ts';
import { openDatabase } from '../database.ts';
import { logListeners } from '../log-listeners.ts';
import { settlementOf } from '../settlement/runs.ts';
import { settleDue } from '../settlement/settle-due.ts';
import { createWhenToLook } from '../settlement/when-to-look.ts';
import type { DerivationOptions, FromWorker, ToWorker } from './derivation-messages.ts';
import { createTurns, followLog } from './follow-log.ts';
import { logPageReader } from './read-log-page.ts';
import { serveRequests } from './serve-requests.ts';

invariant(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
const options = workerData as DerivationOptions;
const stop = new AbortController();
const say = (message: FromWorker) => port.postMessage(message);

const db = await openDatabase(options.file);
const { signal } = stop;
const hub = await openHubTime({ kind: options.hubKind, dir: options.dataDir, signal });
const address = options.clockAddress;
const clock = await openClock({ address, signal, name: 'community-derivation', now: hub.now });
const { community } = options;

/** Pages and settlements take turns: a run freezes one moment, and runs number their versions. */
const inTurn = createTurns();

port.on('message', (message: ToWorker) => {
  if (message.type === 'stop') stop.abort();
  else void answer(message);
});

async function answer({ id, question }: Extract<ToWorker, { type: 'ask' }>): Promise<void> {
  try {
    const at = { community, nowMs: clock.now(), isTimeKnown: hub.state().isTrusted };
    const result = await inTurn(() => answerQuestion(db, at, question));
    say({ type: 'reply', id, result });
  } catch (error) {
    say({ type: 'failed', id, message: String(error) });
  }
}

const whenToLook = createWhenToLook();
async function settleIfDue(): Promise<void> {
  // Whether a month is over is not known by a clock that nobody vouches for.
  if (!hub.state().isTrusted || !whenToLook.isDue(performance.now())) return;
  const runs = await inTurn(() => settleDue(db, community, clock.now()));
  const names = runs.length === 0 ? new Map() : await readNames(db);
  for (const run of runs) say({ type: 'settled', settlement: settlementOf(run, names) });
}

const time = options.hubKind === 'demo' ? undefined : { hub: hub.moment };
const workshop = { community: community.id, zone: community.zone, currency: community.currency, time };
const listeners = logListeners(workshop, clock.now);
await followLog(
  db,
  {
    readPage: logPageReader(options.log, stop.signal),
    listeners,
    inTurn,
    ...time,
    now: clock.now,
    events: {
      onTurn: async () => {
        await inTurn(() => serveRequests(db));
        const notices = await inTurn(() => followHub(db, workshop));
        if (notices.length > 0) say({ type: 'notices', notices });
        await settleIfDue();
      },
      onPage: async ({ cursor, head, behind, notices, changedStarts }) => {
        const [fromMs, toMs] = changedStarts.reduce(
          ([least, most], start) => [Math.min(least, start), Math.max(most, start)],
          [Number.POSITIVE_INFINITY, 0],
        );
        const changed = changedStarts.length === 0 ? null : { fromMs, toMs, intervals: changedStarts.length };
        say({ type: 'page', cursor, head, behind, changed, notices });
        if (changed === null) return;
        const { zone } = community;
        whenToLook.note(changed, monthSpan(localMonth(clock.now(), zone), zone).fromMs);
        await settleIfDue();
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
