/** What the checks found, kept in the database: a restart forgets no finding and begins no round anew. */
import { type AuditPage, type Check, EMPTY_PAGE } from '@commonworks/core/audit/index.ts';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';

export type Pages = Map<string, AuditPage>;

export async function loadPages(db: Db): Promise<Pages> {
  const findings = Map.groupBy(await db.selectFrom('audit_finding').selectAll().execute(), (row) => row.name);
  const rows = await db.selectFrom('audit_check').selectAll().execute();
  return new Map(
    rows.map((row): [string, AuditPage] => [
      row.name,
      {
        position: { after: row.after_key, memo: row.memo },
        ...{ checkedMs: row.checked_ms, checked: row.checked, roundChecked: row.round_checked },
        findings: (findings.get(row.name) ?? []).map((finding) => {
          const { at_key: at, subject, message, month, since_ms: sinceMs } = finding;
          return { at, subject, message, month, sinceMs };
        }),
      },
    ]),
  );
}

type NamedCheck = Pick<Check, 'name' | 'invariant'>;

/** In one transaction, so that what was looked at and what was found there are of one look. */
export async function savePages(db: Db, checks: readonly NamedCheck[], pages: Pages): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const { name, invariant } of checks) {
      const { position, checkedMs, checked, roundChecked, findings } = pages.get(name) ?? EMPTY_PAGE;
      const row = { after_key: position.after, memo: position.memo, checked_ms: checkedMs, checked };
      const kept = { ...row, round_checked: roundChecked };
      await tx
        .insertInto('audit_check')
        .values({ name, ...kept })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(kept))
        .execute();
      await tx.deleteFrom('audit_finding').where('name', '=', name).execute();
      const rows = findings.map(({ at, subject, message, month, sinceMs }) => {
        return { name, at_key: at, subject, invariant, message, month, since_ms: Math.trunc(sinceMs) };
      });
      for (const chunk of inChunks(rows)) {
        await tx
          .insertInto('audit_finding')
          .values(chunk)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    }
  });
}
