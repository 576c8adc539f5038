/** Packs that are held and have no place in time yet, by agent and by what they wait for. */
import type { WaitingPacks } from '@commonworks/core/api/index.ts';
import { sql } from 'kysely';
import type { Db } from '../database.ts';

export async function waitingPacks(db: Db): Promise<WaitingPacks[]> {
  // Boots are kept as `edge/boot`.
  const edge = sql<string>`substr(boot, 1, instr(boot, '/') - 1)`;
  const rows = await db
    .selectFrom('pending_pack')
    .select([edge.as('edge'), 'reason', (select) => select.fn.countAll<number>().as('packs')])
    .groupBy(['edge', 'reason'])
    .execute();
  const edges = await db.selectFrom('edge').select(['id', 'name']).execute();
  const names = new Map(edges.map(({ id, name }) => [id, name]));
  // What is only being fetched again waits for nobody.
  return rows.flatMap(({ edge, reason, packs }): WaitingPacks[] =>
    reason === 'fetch' || reason === 'refused' ? [] : [{ edge, reason, packs, edgeName: names.get(edge) ?? edge }],
  );
}
