/** For tests: a command as the hub sends it, and the memory of commands that an agent's outbox is. */
import type { Command } from '@commonworks/core';
import type { CommandMemory } from './executor.ts';

export const COMMUNITY = '01900000-0000-7000-8000-000000000002';
export const EDGE = '01900000-0000-7000-8000-000000000001';
export const NOW = Date.UTC(2025, 5, 1, 12);

export const command = (changes: Partial<Command> = {}): Command => ({
  id: 'c1',
  community: COMMUNITY,
  edge: EDGE,
  device: 'pv-1',
  kind: 'setPowerLimitPct',
  value: 45,
  issuedMs: NOW,
  expiresMs: NOW + 30_000,
  leaseUntilMs: NOW + 600_000,
  ...changes,
});

type Row = Awaited<ReturnType<CommandMemory['open']>>[number];

export function memory(): CommandMemory & { readonly rows: Map<string, Row> } {
  const rows = new Map<string, Row>();
  return {
    rows,
    remember: async (id, body, lease) => {
      if (rows.has(id)) return false;
      rows.set(id, { id, body, state: 'accepted', ...lease });
      return true;
    },
    setState: async (id, state) => {
      const row = rows.get(id);
      if (row !== undefined) rows.set(id, { ...row, state });
    },
    open: async () => [...rows.values()].filter((row) => row.state !== 'done'),
  };
}
