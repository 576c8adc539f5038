/** A small community with three months that can be settled: one roof, one home, read four times a day. */
import { randomUUID } from 'node:crypto';
import { openDatabase } from '@commonworks/community/database.ts';
import { processPage } from '@commonworks/community/metering/process-page.ts';
import { applySeed } from '@commonworks/community/register/apply-seed.ts';
import { encodePack, type LogEntry, monthSpan } from '@commonworks/core';
import { parseSeed } from '@commonworks/core/seed.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

export const COMMUNITY = { id: uuid(1), zone: 'Europe/Vienna', currency: 'EUR' } as const;
export const MEMBER = uuid(5);
export const MONTHS = ['2026-10', '2026-11', '2026-12'] as const;
const SPAN = { fromMs: monthSpan(MONTHS[0], COMMUNITY.zone).fromMs, toMs: monthSpan(MONTHS[2], COMMUNITY.zone).toMs };
export const NOW_MS = SPAN.toMs + 86_400_000;

const EDGE = uuid(2);
const READ_EVERY_MS = 6 * 3_600_000;

const pointOf = (n: number, role: 'consumer' | 'producer', owner: { device: string; member: string | null }) => ({
  ...{ id: uuid(n), name: owner.device, role, member: owner.member },
  assignments: [{ edge: EDGE, device: owner.device, fromMs: SPAN.fromMs, toMs: null }],
});

/** Makes the file, measured and not settled. */
export async function makeLedgerFile(file: string): Promise<void> {
  await using db = await openDatabase(file);
  const seed = parseSeed({
    members: [{ id: MEMBER, name: 'Anna', email: null, roles: ['member'], joinedMs: 0 }],
    transfers: [{ from: 'issue', to: 'community', shares: 10, atMs: 0, reason: 'founding' }],
    edges: [],
    meteringPoints: [
      pointOf(10, 'producer', { device: 'roof', member: null }),
      pointOf(11, 'consumer', { device: 'home', member: MEMBER }),
    ],
    tariffs: [{ id: uuid(20), fromMs: 0, method: 'pro-rata', internalPrice: '12', gridPrice: '30', feedInPrice: '6' }],
    machines: [],
    badges: [],
    bookings: [],
  });
  await applySeed(db, seed, { community: COMMUNITY.id });
  const entries = readings();
  await processPage(db, { entries, next: entries.length }, []);
}

function readings(): LogEntry[] {
  const [epoch, boot] = [randomUUID(), randomUUID()];
  const count = Math.ceil((SPAN.toMs - SPAN.fromMs) / READ_EVERY_MS) + 1;
  return Array.from({ length: count }, (_, k) => {
    const timeMs = SPAN.fromMs + k * READ_EVERY_MS;
    const key = { edge: EDGE, epoch, seq: k + 1 };
    const samples = [
      { device: 'roof', point: 'exportedWh' as const, timeMs, value: 1000 + k * 611, quality: 'good' as const },
      { device: 'home', point: 'importedWh' as const, timeMs, value: 500 + k * 433, quality: 'good' as const },
    ];
    return {
      cursor: k + 1,
      ...key,
      receivedMs: NOW_MS,
      hash: '',
      body: encodePack({ ...key, boot, samples, events: [] }),
    };
  });
}
