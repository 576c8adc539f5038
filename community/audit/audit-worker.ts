/** The auditor's thread: looks at a little, rests twenty times as long, and tells what it found. It cannot write. */

import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '@commonworks/core';
import { runChecks } from '@commonworks/core/audit/index.ts';
import type { AuditWorkerData, FromAuditor, ToAuditor } from './audit-messages.ts';
import type { RelaySeen } from './check-relays.ts';
import { communityChecks, judgeFault } from './community-checks.ts';
import { openLooking } from './looking.ts';

/** A relay keeper tries again after a minute: twice, and then it is a finding. */
const GRACE_MS = 180_000;

invariant(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
const { file, files, zone, positions } = workerData as AuditWorkerData;
const stop = new AbortController();
/** Before the first word of the main thread no machine is judged. */
const heard: { nowMs: number; speed: number; seen: readonly RelaySeen[] } = { nowMs: 0, speed: 1, seen: [] };

port.on('message', (message: ToAuditor) => {
  if (message.type === 'stop') stop.abort();
  else Object.assign(heard, message);
});

const looking = openLooking(file);
const checks = communityChecks(looking, {
  ...{ zone, files, seen: () => heard.seen, nowMs: () => heard.nowMs },
  graceMs: () => GRACE_MS * heard.speed,
});
await runChecks(checks, {
  positions,
  elapsedMs: () => performance.now(),
  pause: (ms) => pause(ms, true, { signal: stop.signal }).catch(() => false),
  onSlice: (name, slice) => port.postMessage({ name, slice } satisfies FromAuditor),
  judge: judgeFault,
});
looking.close();
port.close();
