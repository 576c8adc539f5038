/** The worker thread against a log served over HTTP: it follows, settles by itself, answers, stops and goes on. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodePack, type LogEntry, monthSpan, type Sample } from '@commonworks/core';
import type { Settlement } from '@commonworks/core/api/index.ts';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../database.ts';
import { applySeed } from '../register/apply-seed.ts';
import type { PageMessage } from './derivation-messages.ts';
import { startDerivation } from './start-derivation.ts';
import { testPage } from './test-page.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const community = { id: uuid(1), zone: 'Europe/Vienna', currency: 'EUR' };
const { toMs } = monthSpan('2026-03', community.zone);
const Q = 900_000;
/** From an hour before the month's end to two hours after it. */
const ENTRIES: LogEntry[] = Array.from({ length: 13 }, (_, k) => {
  const timeMs = toMs + (k - 4) * Q;
  const samples: Sample[] = [
    { device: 'pv', point: 'exportedWh', timeMs, value: k * 100, quality: 'good' },
    { device: 'a', point: 'importedWh', timeMs, value: k * 300, quality: 'good' },
  ];
  const body = encodePack({ edge: uuid(2), epoch: uuid(3), seq: k + 1, boot: uuid(4), samples, events: [] });
  return {
    cursor: k + 1,
    edge: uuid(2),
    epoch: uuid(3),
    seq: k + 1,
    receivedMs: Date.UTC(2026, 11, 31),
    hash: '',
    body,
  };
});

/** Serves what is in `entries`; waits a little when there is nothing, as the broker does for longer. */
async function serveLog(entries: LogEntry[]): Promise<{ url: string; token: string }> {
  const server = createServer((request, response) => {
    const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after'));
    const page = entries.filter((entry) => entry.cursor > after).slice(0, 5);
    const next = page.at(-1)?.cursor ?? after;
    const answer = () => response.end(JSON.stringify(testPage(page, next, entries.length)));
    setTimeout(answer, page.length === 0 ? 10 : 0);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, token: 't' };
}

it('follows the log to its head, settles the month that ended, and goes on after a stop', {
  timeout: 30_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'derivation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'community.db');
  await using db = await openDatabase(file);
  const point = (n: number, role: 'producer' | 'consumer', device: string) => {
    const assignments = [{ edge: uuid(2), device, fromMs: toMs - 4 * Q, toMs: null }];
    return { id: uuid(n), name: device, role, member: null, assignments };
  };
  const tariff = {
    id: uuid(20),
    fromMs: 0,
    method: 'pro-rata' as const,
    internalPrice: '1',
    gridPrice: '2',
    feedInPrice: '1',
  };
  const seed = { members: [], transfers: [], edges: [], machines: [], badges: [], bookings: [] };
  const meteringPoints = [point(10, 'producer', 'pv'), point(11, 'consumer', 'a')];
  await applySeed(db, { ...seed, meteringPoints, tariffs: [tariff] }, { community: community.id });
  const log = await serveLog(ENTRIES);

  const runUntilHead = async (head: number) => {
    const stop = new AbortController();
    const reached = Promise.withResolvers<void>();
    const settled: Settlement[] = [];
    const pages: PageMessage[] = [];
    const events = {
      onPage: (page: PageMessage) => {
        pages.push(page);
        if (page.cursor === head) reached.resolve();
      },
      onFault: () => {},
      onNotices: () => {},
      onSettled: (settlement: Settlement) => settled.push(settlement),
    };
    const derivation = startDerivation(
      { file, community, log, dataDir: dirname(file), hubKind: 'host' },
      events,
      stop.signal,
    );
    await Promise.race([reached.promise, derivation.closed]);
    const again = await derivation.ask({ ask: 'settle', month: '2026-03', missing: 'refuse' });
    const open = await derivation.ask({ ask: 'settle', month: '2199-01', missing: 'exclude' });
    stop.abort();
    await derivation.closed;
    return { settled, pages, again, open };
  };

  const first = await runUntilHead(13);
  expect(first.pages.map((page) => page.cursor)).toEqual([5, 10, 13]);
  expect(first.settled.map((settlement) => [settlement.month, settlement.productionMwh])).toEqual([
    ['2026-03', 400_000],
  ]);
  expect(first.again).toMatchObject({ ok: true, value: { version: 1, id: first.settled[0]?.id } });
  expect(first.open).toMatchObject({ ok: false, reason: 'community.period-open' });

  ENTRIES.push({ ...(ENTRIES[12] as LogEntry), cursor: 14, seq: 14, body: (ENTRIES[12] as LogEntry).body });
  const second = await runUntilHead(14);
  expect(second.pages.map((page) => page.cursor)).toEqual([14]);
  expect(second.settled).toEqual([]);
});

it('ends when it was to stop before it began', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'derivation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'community.db');
  await using _db = await openDatabase(file);
  const events = { onPage: () => {}, onFault: () => {}, onNotices: () => {}, onSettled: () => {} };
  const log = await serveLog([]);
  const { closed } = startDerivation(
    { file, community, log, dataDir: folder, hubKind: 'host' },
    events,
    AbortSignal.abort(),
  );
  await closed;
});
