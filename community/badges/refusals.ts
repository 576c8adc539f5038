/** Badges that started nothing, kept for a while: among them those nobody has registered yet. */
import type { UnknownBadge } from '@commonworks/core/api/index.ts';
import { sql } from 'kysely';
import type { Db } from '../database.ts';
import { listMachines } from '../workshop/machine-list.ts';
import { machinesAtReader } from '../workshop/reader-machines.ts';
import type { WorkshopTables } from '../workshop/schema.ts';

export const REFUSAL_LIMITS = {
  rowsMax: 10_000,
  ageMaxMs: 90 * 86_400_000,
  /** A reader whose clock is ahead by more than this says nothing true about when. */
  aheadMaxMs: 86_400_000,
} as const;
/** More than anybody looks through. */
const UNKNOWN_SHOWN_MAX = 50;

/** Within a transaction; the oldest goes when there are too many. */
export async function noteRefusal(tx: Db, refusal: WorkshopTables['badge_refusal']): Promise<void> {
  await tx.insertInto('badge_refusal').values(refusal).execute();
  // Row numbers rise by one, and the newest is never deleted: so this is a count without counting.
  await sql`DELETE FROM badge_refusal
    WHERE rowid <= (SELECT max(rowid) FROM badge_refusal) - ${REFUSAL_LIMITS.rowsMax}`.execute(tx);
}

/** By the community's clock: one wrong clock at a reader must not make everything look old. */
export async function forgetRefusals(db: Db, nowMs: number): Promise<void> {
  await db
    .deleteFrom('badge_refusal')
    .where((where) =>
      where.or([
        where('at_ms', '<', nowMs - REFUSAL_LIMITS.ageMaxMs),
        where('at_ms', '>', nowMs + REFUSAL_LIMITS.aheadMaxMs),
      ]),
    )
    .execute();
}

/** Badges shown that nobody has, the one shown last first, each once; only the given one when `badge` is said. */
export async function unknownBadges(db: Db, badge?: string): Promise<UnknownBadge[]> {
  const rows = await sql<Row>`
    SELECT r.badge, r.edge, e.name AS edge_name, r.reader, max(r.at_ms) AS at_ms, m.name AS former_member
    FROM badge_refusal r
    LEFT JOIN badge b ON b.badge = r.badge
    LEFT JOIN member m ON m.id = b.member
    LEFT JOIN edge e ON e.id = r.edge
    WHERE (b.badge IS NULL OR b.revoked_ms <= r.at_ms) AND (${badge ?? null} IS NULL OR r.badge = ${badge ?? null})
    GROUP BY r.badge ORDER BY at_ms DESC LIMIT ${UNKNOWN_SHOWN_MAX}`.execute(db);
  if (rows.rows.length === 0) return [];
  const machines = await listMachines(db);
  return rows.rows.map((row) => ({
    badge: row.badge,
    edge: row.edge,
    edgeName: row.edge_name ?? row.edge,
    reader: row.reader,
    machines: machinesAtReader({ ...row, device: row.reader }, machines).map(({ name }) => name),
    atMs: row.at_ms,
    formerMember: row.former_member,
  }));
}

type Row = {
  badge: string;
  edge: string;
  edge_name: string | null;
  reader: string;
  at_ms: number;
  former_member: string | null;
};
