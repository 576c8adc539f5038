/** A settled month in a file, for tests of the audit: whole, or broken by hand behind the software's back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type Check,
  EMPTY_PAGE,
  type InvariantAudit,
  runOneRound,
  takeSlice,
  verdicts,
} from '@commonworks/core/audit/index.ts';
import { sql } from 'kysely';
import { COMMUNITY, MONTH, meteredMonth, NOW_MS } from '../closing/test-month.ts';
import type { Db } from '../database.ts';
import { settleMonth } from '../settlement/settle-month.ts';
import type { RelaySeen } from './check-relays.ts';
import { COMMUNITY_CHECKS, communityChecks, judgeFault } from './community-checks.ts';
import type { Pages } from './keep-pages.ts';
import { openLooking } from './looking.ts';

export async function settledSite(homes: number): Promise<string> {
  await using db = await meteredMonth(homes);
  const settled = await settleMonth(db, { community: COMMUNITY, month: MONTH, nowMs: NOW_MS, missing: 'exclude' });
  if (!settled.ok) throw new Error(settled.message);
  return await fileOf(db);
}

export async function fileOf(db: Db): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), 'audit-')), 'community.db');
  await sql`VACUUM INTO ${file}`.execute(db);
  return file;
}

export function removeSite(file: string): void {
  rmSync(join(file, '..'), { recursive: true, force: true });
}

/** Without the triggers and checks that keep the software from it. */
export function breakByHand(file: string, statements: string): void {
  using db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  const triggers = db.prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`).all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`);
  db.exec('PRAGMA ignore_check_constraints = ON');
  db.exec(statements);
  for (const { sql: text } of triggers) db.exec(String(text));
}

export type Round = { readonly pages: Pages; readonly of: (invariant: string) => InvariantAudit };

export async function auditRound(
  file: string,
  options: { seen?: readonly RelaySeen[]; nowMs?: number; pages?: Pages; graceMs?: number } = {},
): Promise<Round> {
  const looking = openLooking(file);
  const checks: Check[] = communityChecks(looking, {
    ...{ zone: COMMUNITY.zone, files: [file] },
    ...{ seen: () => options.seen ?? [], nowMs: () => options.nowMs ?? NOW_MS, graceMs: () => options.graceMs ?? 0 },
  });
  const pages: Pages = options.pages ?? new Map();
  await runOneRound(checks, {
    judge: judgeFault,
    positions: new Map([...pages].map(([name, { position }]) => [name, position])),
    onSlice: (name, slice) => void pages.set(name, takeSlice(pages.get(name) ?? EMPTY_PAGE, slice, NOW_MS).page),
  });
  looking.close();
  const told = verdicts(COMMUNITY_CHECKS, pages);
  const of = (invariant: string) => {
    const verdict = told.find((one) => one.invariant === invariant);
    if (verdict === undefined) throw new Error(`nothing looks at ${invariant}`);
    return verdict;
  };
  return { pages, of };
}
