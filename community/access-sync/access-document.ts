/** Who may connect to the broker, as the register says; its version rises with every change of content. */
import { createHash } from 'node:crypto';
import type { AccessDocument } from '@commonworks/core';
import type { Db } from '../database.ts';

/** The newest document. A changed register gives it a new version, written down before it is sent. */
export async function currentAccess(db: Db, community: string): Promise<AccessDocument> {
  return await db.transaction().execute(async (tx) => {
    const edges = await tx.selectFrom('edge').selectAll().orderBy('id').execute();
    const principals = edges.map((edge) => ({
      user: edge.id,
      role: 'edge' as const,
      secretHash: edge.secret_hash,
      enabled: edge.enabled === 1,
    }));
    const hash = createHash('sha256').update(JSON.stringify(principals)).digest('hex');
    const known = await tx
      .selectFrom('access_version')
      .selectAll()
      .where('community', '=', community)
      .executeTakeFirst();
    const version = known === undefined ? 1 : known.hash === hash ? known.version : known.version + 1;
    if (version !== known?.version) await setVersion(tx, { community, version, hash });
    return { version, community, principals };
  });
}

/** A broker that knows a higher version (this database was restored from a backup) is overtaken. */
export async function overtake(db: Db, community: string, version: number): Promise<void> {
  await db
    .updateTable('access_version')
    .set({ version: version + 1 })
    .where('community', '=', community)
    .execute();
}

async function setVersion(tx: Db, row: { community: string; version: number; hash: string }): Promise<void> {
  const { version, hash } = row;
  await tx
    .insertInto('access_version')
    .values(row)
    .onConflict((conflict) => conflict.column('community').doUpdateSet({ version, hash }))
    .execute();
}
