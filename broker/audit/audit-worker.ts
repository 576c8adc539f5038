/** The broker's auditor: a thread that reads a little of the log, rests twenty times as long, and tells what it found. */
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '@commonworks/core';
import { type AuditPage, EMPTY_PAGE, runChecks, takeSlice, verdicts } from '@commonworks/core/audit/index.ts';
import { openForReading } from '@commonworks/telemetry/sqlite/open-database.ts';
import { BROKER_CHECKS, brokerChecks, judgeFault } from './broker-checks.ts';
import { loadPages, savePages } from './keep-pages.ts';
import type { FromAuditor } from './start-audit.ts';

const SAVE_MS = 60_000;

invariant(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
const { telemetryFile, stateFile } = workerData as { telemetryFile: string; stateFile: string };
const stop = new AbortController();
port.on('message', () => stop.abort());

const db = openForReading(telemetryFile);
const pages = loadPages(stateFile);
let savedMs = performance.now();
const tell = (message: FromAuditor) => port.postMessage(message);
const save = () => {
  savedMs = performance.now();
  savePages(stateFile, pages);
};

function take(name: string, slice: Parameters<typeof takeSlice>[1]): void {
  const before: AuditPage = pages.get(name) ?? EMPTY_PAGE;
  // Real time: it says when somebody looked.
  const { page, begun, ended } = takeSlice(before, slice, Date.now());
  pages.set(name, page);
  const isNews = begun.length + ended.length > 0;
  if (isNews || performance.now() - savedMs > SAVE_MS) save();
  tell({ audit: verdicts(BROKER_CHECKS, pages), begun: begun.map(({ message }) => message), check: name });
}

tell({ audit: verdicts(BROKER_CHECKS, pages), begun: [], check: '' });
await runChecks(brokerChecks(db), {
  positions: new Map([...pages].map(([name, { position }]) => [name, position])),
  elapsedMs: () => performance.now(),
  pause: (ms) => pause(ms, true, { signal: stop.signal }).catch(() => false),
  onSlice: take,
  judge: judgeFault,
});
save();
db.close();
port.close();
