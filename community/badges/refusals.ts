/** Badges that started nothing, kept for a while: among them those nobody has registered yet. */
import type { UnknownBadge } from '@commonworks/core/api/index.ts';
import { sql } from 'kysely';
import type { Db } from '../database.ts';
import { COMMUNITY_BUDGETS } from '../edge-budgets/community-budgets.ts';
import { noteOver } from '../edge-budgets/over-budget.ts';
import { listMachines } from '../workshop/machine-list.ts';
import { machinesAtReader } from '../workshop/reader-machines.ts';
import type { WorkshopTables } from '../workshop/schema.ts';

export const REFUSAL_LIMITS = {
  ...COMMUNITY_BUDGETS.badgeRefusals,
  ageMaxMs: 90 * 86_400_000,
  /** A reader whose clock is ahead by more than this says nothing true about when. */
  aheadMaxMs: 86_400_000,
} as const;
/** More than anybody looks through. */
const UNKNOWN_SHOWN_MAX = 50;

/** Within a transaction; the oldest of this edge goes when it has too many, that of the edge with most when all have. */
export async function noteRefusal(
  tx: Db,
  refusal: WorkshopTables['badge_refusal'],
  { receivedMs, limits = REFUSAL_LIMITS }: { receivedMs?: number; limits?: { perEdge: number; total: number } } = {},
): Promise<void> {
  await tx.insertInto('badge_refusal').values(refusal).execute();
  const { edge, at_ms } = refusal;
  const own = await keepNewest(tx, edge, limits.perEdge);
  if (own > 0) await noteOver(tx, { edge, budget: 'badges', atMs: receivedMs ?? at_ms }, own);
  const { rows } = await sql<{ n: number }>`SELECT count(*) AS n FROM badge_refusal`.execute(tx);
  if ((rows[0]?.n ?? 0) <= limits.total) return;
  const most = await sql<{ edge: string; n: number }>`SELECT edge, count(*) AS n FROM badge_refusal
    GROUP BY edge ORDER BY n DESC, edge LIMIT 1`.execute(tx);
  const largest = most.rows[0];
  if (largest !== undefined) await keepNewest(tx, largest.edge, largest.n - 1);
}

/** Returns how many went. */
async function keepNewest(tx: Db, edge: string, count: number): Promise<number> {
  const { numAffectedRows } = await sql`DELETE FROM badge_refusal WHERE edge = ${edge} AND rowid <= (
    SELECT rowid FROM badge_refusal WHERE edge = ${edge} ORDER BY rowid DESC LIMIT 1 OFFSET ${count})`.execute(tx);
  return Number(numAffectedRows ?? 0n);
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
  // Of each edge the newest first: one that is shown invented badges must not hide those of another.
  const rows = await sql<Row>`
    SELECT * FROM (SELECT badge, edge, edge_name, reader, at_ms, former_member FROM (SELECT s.*,
      row_number() OVER (PARTITION BY s.edge ORDER BY s.at_ms DESC) AS turn FROM (
    SELECT r.badge, r.edge, e.name AS edge_name, r.reader, max(r.at_ms) AS at_ms, m.name AS former_member
    FROM badge_refusal r
    LEFT JOIN badge b ON b.badge = r.badge
    LEFT JOIN member m ON m.id = b.member
    LEFT JOIN edge e ON e.id = r.edge
    WHERE (b.badge IS NULL OR b.revoked_ms <= r.at_ms) AND (${badge ?? null} IS NULL OR r.badge = ${badge ?? null})
    GROUP BY r.badge) s) ORDER BY turn, at_ms DESC LIMIT ${UNKNOWN_SHOWN_MAX}) ORDER BY at_ms DESC`.execute(db);
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
