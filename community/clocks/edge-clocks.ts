/** The agents' clocks: what each said of its skew, newest last, bounded; and what holds now. */
import type { SkewEvent } from '@commonworks/core';
import type { EdgeClockRecord } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';

/** One an hour is six weeks. */
const KEPT_PER_EDGE_MAX = 1000;
const SHOWN_MAX = 200;

export type Skew = { readonly boot: string; readonly offsetMs: number | null; readonly source: SkewEvent['source'] };

export async function keepSkew(
  tx: Db,
  of: { edge: string; boot: string; atMs: number },
  skew: SkewEvent,
): Promise<void> {
  const { offsetMs, errorMs, isTrusted, source } = skew;
  const row = { offset_ms: offsetMs, error_ms: errorMs, is_trusted: isTrusted ? 1 : 0, source } as const;
  await tx
    .insertInto('edge_clock')
    .values({ edge: of.edge, boot: of.boot, measured_ms: Math.round(of.atMs), ...row })
    .execute();
  const last = await tx
    .selectFrom('edge_clock')
    .select('no')
    .where('edge', '=', of.edge)
    .orderBy('no', 'desc')
    .offset(KEPT_PER_EDGE_MAX)
    .limit(1)
    .executeTakeFirst();
  if (last === undefined) return;
  await tx.deleteFrom('edge_clock').where('edge', '=', of.edge).where('no', '<=', last.no).execute();
}

/** The last that this agent said; an agent's packs come in order, so it held when the next of them was written. */
export async function currentSkew(db: Db, edge: string): Promise<Skew | null> {
  const row = await db
    .selectFrom('edge_clock')
    .select(['boot', 'offset_ms', 'source'])
    .where('edge', '=', edge)
    .orderBy('no', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { boot: row.boot, offsetMs: row.offset_ms, source: row.source };
}

/** Every enabled agent, by name, with its measurements, newest first. */
export async function listEdgeClocks(db: Db): Promise<EdgeClockRecord[]> {
  const edges = await db.selectFrom('edge').select(['id', 'name']).where('enabled', '=', 1).orderBy('name').execute();
  const records: EdgeClockRecord[] = [];
  for (const { id, name } of edges) {
    const rows = await db
      .selectFrom('edge_clock')
      .selectAll()
      .where('edge', '=', id)
      .orderBy('no', 'desc')
      .limit(SHOWN_MAX)
      .execute();
    const history = rows.map((row) => ({
      measuredMs: row.measured_ms,
      offsetMs: row.offset_ms,
      errorMs: row.error_ms,
      isTrusted: row.is_trusted === 1,
      source: row.source,
    }));
    records.push({ edge: id, edgeName: name, history });
  }
  return records;
}
