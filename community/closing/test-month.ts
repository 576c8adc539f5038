/** A small month for tests: the last day of October 2026, some homes and a roof, read every quarter hour. */
import { encodePack, type LogEntry, monthSpan, type Sample } from '@commonworks/core';
import type { Seed } from '@commonworks/core/seed.ts';
import { type Db, openDatabase } from '../database.ts';
import { processPage } from '../metering/process-page.ts';
import { serveRequests } from '../metering/serve-requests.ts';
import { applySeed } from '../register/apply-seed.ts';

export const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
export const EDGE = uuid(2);
export const [ANNA, THEO] = [uuid(5), uuid(6)];
export const COMMUNITY = { id: uuid(1), zone: 'Europe/Vienna', currency: 'EUR' };
export const MONTH = '2026-10';
export const Q = 900_000;
export const END_MS = monthSpan(MONTH, COMMUNITY.zone).toMs;
/** Everybody begins a day before the month ends. */
export const COUNT = 96;
export const T0 = END_MS - COUNT * Q;
export const NOW_MS = END_MS + 2 * 3_600_000;

/** `home-1` is Anna's; the others are Theo's. */
const home = (n: number) => ({
  id: uuid(100 + n),
  name: `Home ${n}`,
  role: 'consumer' as const,
  member: n === 1 ? ANNA : THEO,
  assignments: [{ edge: EDGE, device: `home-${n}`, fromMs: T0, toMs: null }],
});

function seedOf(homes: number): Seed {
  return {
    members: [
      { id: ANNA, name: 'Anna', email: null, roles: ['member'], joinedMs: 0 },
      { id: THEO, name: 'Theo', email: null, roles: ['treasurer'], joinedMs: 0 },
    ],
    transfers: [{ from: 'issue', to: 'community', shares: 10, atMs: 0, reason: 'founding' }],
    edges: [],
    meteringPoints: [
      {
        ...{ id: uuid(100), name: 'Roof', role: 'producer', member: null },
        assignments: [{ edge: EDGE, device: 'roof', fromMs: T0, toMs: null }],
      },
      ...Array.from({ length: homes }, (_, i) => home(i + 1)),
    ],
    tariffs: [
      { id: uuid(20), fromMs: 0, method: 'pro-rata', internalPrice: '12.5', gridPrice: '30', feedInPrice: '6' },
    ],
    machines: [],
    badges: [],
    bookings: [],
  };
}

/** Home n uses (20 + n) Wh a quarter hour, a little more with every one; the roof makes 50 Wh. */
export const register = (device: string, k: number): number => {
  if (device === 'roof') return 1000 + 50 * k;
  const n = Number(device.slice(5));
  return 100 * n + (20 + n) * k + (k * (k - 1)) / 2000;
};

export type Reads = (device: string, k: number) => boolean;

/** One record a quarter hour, up to four after the month's end. */
export function packs(homes: number, reads: Reads): LogEntry[] {
  const devices = ['roof', ...Array.from({ length: homes }, (_, i) => `home-${i + 1}`)];
  return Array.from({ length: COUNT + 5 }, (_, k) => {
    const samples = devices
      .filter((device) => reads(device, k))
      .map((device): Sample => {
        const point = device === 'roof' ? 'exportedWh' : 'importedWh';
        const value = Math.round(register(device, k) * 1000) / 1000;
        return { device, point, timeMs: T0 + k * Q, value, quality: 'good' };
      });
    const body = encodePack({ edge: EDGE, epoch: uuid(3), seq: k + 1, boot: uuid(4), samples, events: [] });
    return {
      cursor: k + 1,
      edge: EDGE,
      epoch: uuid(3),
      seq: k + 1,
      receivedMs: Date.UTC(2026, 11, 31),
      hash: '',
      body,
    };
  });
}

export async function meteredMonth(homes: number, reads: Reads = () => true): Promise<Db> {
  const db = await openDatabase(':memory:');
  await applySeed(db, seedOf(homes), { community: COMMUNITY.id });
  // What a gap holds is a person's to say.
  await db.insertInto('gap_rule').values({ from_ms: 0, method: 'unplaced', author: THEO, created_ms: 0 }).execute();
  const entries = packs(homes, reads);
  await processPage(db, { entries, next: entries.length }, []);
  await serveRequests(db);
  return db;
}

/** What a gap left behind arrives after all. */
export async function arriveLate(db: Db, homes: number, reads: Reads): Promise<void> {
  const late = packs(homes, reads).map((entry, i) => ({ ...entry, seq: 10_000 + i, cursor: 10_000 + i }));
  await processPage(db, { entries: late, next: late.at(-1)?.cursor ?? 0 }, []);
}
