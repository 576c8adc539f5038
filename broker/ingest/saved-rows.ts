/** Every row of broker.db that can be read and is what it can be, and what is wrong with the others. */
import type { DatabaseSync } from 'node:sqlite';
import { AccessDocument, isUuid } from '@commonworks/core';
import { isDamage } from '@commonworks/telemetry/log/row-check.ts';
import { Value } from 'typebox/value';
import type { LogWitness, SavedAccess, SavedDevices, SavedStatus, SavedTrail } from '../broker-tables.ts';

export type Saved = {
  readonly access: SavedAccess | null;
  readonly statuses: readonly SavedStatus[];
  readonly devices: readonly Pick<SavedDevices, 'edge' | 'page' | 'payload'>[];
  readonly witness: LogWitness | null;
  readonly trail: readonly SavedTrail[];
};
export type SavedFound = Saved & { readonly faults: readonly string[] };

/** The last time a Date can tell. */
const TIME_MAX_MS = 8.64e15;
/** A log that takes a million packs a second is there after 140 years: what is beyond it was never counted. */
const CURSOR_MAX = 2 ** 52;
const GENERATION_MAX = 2 ** 40;
const PAGES_MAX = 1_000_000;
const PROOF = /^[0-9a-f]{16,64}$/;

type Row = Record<string, unknown>;

export function savedRows(db: DatabaseSync): SavedFound {
  const faults: string[] = [];
  const take = <T>(table: string, of: (row: Row) => T | null): T[] =>
    readable(db, table, faults).flatMap((row) => {
      const found = of(row);
      if (found === null) faults.push(`a row of ${table} is not what it can be`);
      return found === null ? [] : [found];
    });
  const access = take('access', accessOf)[0] ?? null;
  const witness = take('log_witness', witnessOf)[0] ?? null;
  const trail = take('log_trail', trailOf);
  const [statuses, devices] = [take('edge_status', statusOf), take('edge_devices', devicesOf)];
  return { access, witness, trail, statuses, devices, faults };
}

/** From the beginning, and where that does not reach the end from there; whole numbers of any size are read. */
function readable(db: DatabaseSync, table: string, faults: string[]): Row[] {
  const found = new Map<unknown, Row>();
  for (const way of ['ASC', 'DESC']) {
    try {
      const select = db.prepare(`SELECT rowid AS row_number, * FROM ${table} ORDER BY rowid ${way}`);
      select.setReadBigInts(true);
      for (const row of select.iterate()) found.set(row['row_number'], row);
      break;
    } catch (error) {
      if (!isDamage(error) && !/no such (table|column)/.test(String(error))) throw error;
      faults.push(`${table} cannot be read: ${String(error)}`);
    }
  }
  return [...found.values()];
}

function accessOf({ synced_ms, version, document }: Row): SavedAccess | null {
  const syncedMs = whole(synced_ms, TIME_MAX_MS);
  const told = parsed(document);
  // The version stands twice: a changed one would refuse every list of the community.
  const isSame = Value.Check(AccessDocument, told) && told.version === whole(version, Number.MAX_SAFE_INTEGER);
  return syncedMs === null || !isSame ? null : { document: told, syncedMs };
}

function statusOf({ edge, received_ms, payload }: Row): SavedStatus | null {
  const receivedMs = whole(received_ms, TIME_MAX_MS);
  if (!isName(edge) || receivedMs === null || parsed(payload) === undefined) return null;
  return { edge, receivedMs, payload: String(payload) };
}

function devicesOf({ edge, page: number, payload }: Row): Saved['devices'][number] | null {
  const page = whole(number, PAGES_MAX);
  if (!isName(edge) || page === null || parsed(payload) === undefined) return null;
  return { edge, page, payload: String(payload) };
}

function witnessOf(row: Row): LogWitness | null {
  const { log, hash } = row;
  const generation = whole(row['generation'], GENERATION_MAX);
  const head = whole(row['head'], CURSOR_MAX);
  const [sinceMs, writtenMs] = [whole(row['since_ms'], TIME_MAX_MS), whole(row['written_ms'], TIME_MAX_MS)];
  if (typeof log !== 'string' || !isUuid(log) || generation === null || generation === 0) return null;
  if (head === null || sinceMs === null || writtenMs === null) return null;
  if (hash !== null && !(typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash))) return null;
  return { log, generation, sinceMs, head, hash, writtenMs };
}

function trailOf({ log, cursor, proof }: Row): SavedTrail | null {
  const at = whole(cursor, CURSOR_MAX);
  if (at === null || typeof log !== 'string' || !isUuid(log)) return null;
  return typeof proof === 'string' && PROOF.test(proof) ? { log, cursor: at, proof } : null;
}

function whole(value: unknown, most: number): number | null {
  return typeof value === 'bigint' && value >= 0n && value <= BigInt(most) ? Number(value) : null;
}

/** One level of a topic. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !/[/+#\0\ufffd]/.test(value);
}

/** Undefined for what is no JSON. */
function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
