/** Whose badge is whose: given, taken back, and known only as the keyed hash of its UID. */
import { accept, CodedError, type Result, refuse } from '@commonworks/core';
import type { BadgeRecord } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';
import { REFUSAL_LIMITS } from './refusals.ts';

/** The clock of a reader's edge may be this much behind ours when a badge just given is shown. */
const CLOCK_LAG_MAX_MS = 60_000;

const COLUMNS = ['badge', 'member', 'registered_ms', 'revoked_ms', 'last_shown_ms'] as const;
type Row = Pick<BadgeRecord, 'badge' | 'member'> & {
  registered_ms: number | null;
  revoked_ms: number | null;
  last_shown_ms: number | null;
};

/** All that were ever given, those in use first, each with whom it belongs to or belonged to last. */
export async function listBadges(db: Db): Promise<BadgeRecord[]> {
  const rows = await db
    .selectFrom('badge')
    .select(COLUMNS)
    .orderBy('revoked_ms', (order) => order.desc().nullsFirst())
    .orderBy('badge')
    .execute();
  return rows.map(toRecord);
}

/**
 * Within a transaction. Taken back and given to somebody else, it counts from now on; given back to who had it, it
 * counts as before.
 * @throws CodedError `http.not-found` for a member that does not exist.
 */
export async function giveBadge(
  tx: Db,
  { badge, member }: Pick<BadgeRecord, 'badge' | 'member'>,
  at: { community: string; nowMs: number },
): Promise<Result<BadgeRecord>> {
  const who = await tx.selectFrom('member').select(['name', 'left_ms']).where('id', '=', member).executeTakeFirst();
  if (who === undefined) throw new CodedError('http.not-found', 'there is no such member');
  if (who.left_ms !== null) return refuse('community.member-has-left', `${who.name} has left`);
  const held = await tx.selectFrom('badge').select(COLUMNS).where('badge', '=', badge).executeTakeFirst();
  if (held !== undefined && held.revoked_ms === null) {
    if (held.member === member) return accept(toRecord(held));
    return refuse('workshop.badge-held', 'this badge belongs to another member');
  }
  const registeredMs = held?.member === member ? held.registered_ms : at.nowMs;
  const since = { member, registered_ms: registeredMs, revoked_ms: null };
  const row = await tx
    .insertInto('badge')
    .values({ badge, community: at.community, ...since, last_shown_ms: null })
    .onConflict((conflict) => conflict.column('badge').doUpdateSet(since))
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  return accept(toRecord(row));
}

/** From then on it opens nothing; taken back before, it stays as it is. @throws CodedError `http.not-found`. */
export async function revokeBadge(db: Db, badge: string, nowMs: number): Promise<BadgeRecord> {
  await db
    .updateTable('badge')
    .set({ revoked_ms: nowMs })
    .where('badge', '=', badge)
    .where('revoked_ms', 'is', null)
    .execute();
  const row = await db.selectFrom('badge').select(COLUMNS).where('badge', '=', badge).executeTakeFirst();
  if (row === undefined) throw new CodedError('http.not-found', 'there is no such badge');
  return toRecord(row);
}

/** All badges of somebody who leaves. */
export async function revokeBadgesOf(tx: Db, member: string, atMs: number): Promise<void> {
  await tx
    .updateTable('badge')
    .set({ revoked_ms: atMs })
    .where('member', '=', member)
    .where((where) => where.or([where('revoked_ms', 'is', null), where('revoked_ms', '>', atMs)]))
    .execute();
}

/**
 * The member whose badge it was at that time, or null. Notes that it was shown, unless the reader's clock is ahead of
 * ours by more than `REFUSAL_LIMITS.aheadMaxMs`. What a reader saw before the badge was given belongs to nobody, even when
 * it arrives after.
 */
export async function badgeShown(
  tx: Db,
  badge: string,
  { atMs, nowMs }: { atMs: number; nowMs: number },
): Promise<string | null> {
  const shownMs = atMs > nowMs + REFUSAL_LIMITS.aheadMaxMs ? null : atMs;
  const row = await tx.selectFrom('badge').select(COLUMNS).where('badge', '=', badge).executeTakeFirst();
  if (row === undefined) return null;
  if (shownMs !== null && shownMs > (row.last_shown_ms ?? Number.NEGATIVE_INFINITY)) {
    await tx.updateTable('badge').set({ last_shown_ms: shownMs }).where('badge', '=', badge).execute();
  }
  if (row.revoked_ms !== null && row.revoked_ms <= atMs) return null;
  return (row.registered_ms ?? 0) <= atMs + CLOCK_LAG_MAX_MS ? row.member : null;
}

function toRecord(row: Row): BadgeRecord {
  return {
    badge: row.badge,
    member: row.member,
    registeredMs: row.registered_ms,
    lastShownMs: row.last_shown_ms,
    revokedMs: row.revoked_ms,
  };
}
