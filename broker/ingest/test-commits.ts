/** Commits of two edges on tables with small budgets, for tests. */
import { DatabaseSync } from 'node:sqlite';
import type { EventRecord, Sample } from '@commonworks/core';
import { encodePack } from '@commonworks/core';
import { EDGE_BUDGETS, type EdgeBudgets } from '@commonworks/telemetry/edge-budgets.ts';
import { readDeadLetters } from '@commonworks/telemetry/log/read-log.ts';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { commitPacks } from './commit-packs.ts';
import type { CommitTables } from './log-tables.ts';
import { openLogTables } from './log-tables.ts';

export const BAD = '01890000-0000-7000-8000-000000000001';
export const GOOD = '01890000-0000-7000-8000-000000000002';
const BOOT = '01890000-0000-7000-8000-0000000000b1';
export const NOW = Date.UTC(2026, 10, 20);
export const DAY_MS = 86_400_000;
const ALL = { fromMs: 0, toMs: NOW * 2 };
export const epochOf = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`;

export const SMALL: EdgeBudgets = {
  series: { perEdge: 3, reserved: 2, pool: 2, total: 100 },
  words: { perEdge: 3, reserved: 2, pool: 2, total: 100 },
  quarantineBytes: { perEdge: 3000, reserved: 1000, pool: 4000, total: 100_000 },
  letters: { ...EDGE_BUDGETS.letters, perEdge: 10, bytesPerEdge: 20_000, total: 18, totalBytes: 30_000, perPack: 4 },
  epochs: 3,
  refusedPacks: 5,
  boots: 3,
  ranges: 3,
};

export function openTables(budgets: EdgeBudgets = SMALL): CommitTables {
  const db = new DatabaseSync(':memory:');
  for (const migration of TELEMETRY_MIGRATIONS) db.exec(migration);
  return openLogTables(db, { budgets });
}

type From = { readonly edge: string; readonly seq: number; readonly epoch?: string };

export function pack(
  { edge, seq, epoch = epochOf(0xe1) }: From,
  samples: readonly Sample[],
  events: EventRecord[] = [],
) {
  return { edge, body: encodePack({ edge, epoch, seq, boot: BOOT, samples, events }) };
}

export const power = (device: string, timeMs = NOW, value = 1): Sample => ({
  ...{ device, point: 'activePowerW', timeMs, value, quality: 'good' },
});
export const state = (value: string, timeMs: number): Sample => ({
  ...{ device: 'd', point: 'operatingState', timeMs, value, quality: 'good' },
});
/** Readings that are too old, each a dead letter. */
export const old = (count: number) => Array.from({ length: count }, (_, i) => power('d', NOW - 401 * DAY_MS - i));

export function commit(tables: CommitTables, ...packs: { edge: string; body: string }[]) {
  return commitPacks(
    tables,
    packs.map(({ edge, body }) => ({ edge, body: Buffer.from(body), receivedMs: NOW })),
  );
}

export const lettersOf = (tables: CommitTables, edge: string) =>
  readDeadLetters(tables.db, { after: 0, limit: 1000 }).filter((letter) => letter.edge === edge);
export const points = (tables: CommitTables, edge: string, device: string) =>
  tables.series.range({ edge, device, point: 'activePowerW' }, ALL).map(({ value }) => value);
export const words = (tables: CommitTables, edge: string) =>
  tables.series.range({ edge, device: 'd', point: 'operatingState' }, ALL).map(({ value }) => value);
