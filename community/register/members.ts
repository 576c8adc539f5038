/** Members: who takes part, since when, in which roles. */
import type { Member, Role } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';
import { holdingsAt } from './holdings.ts';

/** All but what the log-in knows. */
export type MemberRecord = Omit<Member, 'hasLogin'>;

export type NewMember = {
  readonly community: string;
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly roles: readonly Role[];
  readonly joinedMs: number;
};

export async function addMember(db: Db, member: NewMember): Promise<void> {
  await db
    .insertInto('member')
    .values({
      community: member.community,
      id: member.id,
      name: member.name,
      email: member.email?.toLowerCase() ?? null,
      roles: JSON.stringify(member.roles),
      joined_ms: member.joinedMs,
      left_ms: null,
    })
    .execute();
}

/** Roles are replaced whole. */
export async function setRoles(db: Db, id: string, roles: readonly Role[]): Promise<void> {
  await db
    .updateTable('member')
    .set({ roles: JSON.stringify(roles) })
    .where('id', '=', id)
    .execute();
}

/** Within the transaction that takes the address: of somebody who has left it is free again. */
export async function freeEmail(tx: Db, email: string): Promise<void> {
  await tx
    .updateTable('member')
    .set({ email: null })
    .where('email', '=', email.toLowerCase())
    .where('left_ms', 'is not', null)
    .execute();
}

/** What is not named stays. The address must be nobody else's: the database refuses it. */
export async function changeMember(db: Db, id: string, change: { name?: string; email?: string }): Promise<void> {
  await db
    .updateTable('member')
    .set({
      ...(change.name === undefined ? {} : { name: change.name.trim() }),
      ...(change.email === undefined ? {} : { email: change.email.toLowerCase() }),
    })
    .where('id', '=', id)
    .execute();
}

/** All members with their holdings at `atMs`, by name. */
export async function listMembers(db: Db, atMs: number): Promise<MemberRecord[]> {
  const [rows, shares, points, badges] = await Promise.all([
    db.selectFrom('member').selectAll().orderBy('name').execute(),
    holdingsAt(db, atMs),
    db.selectFrom('metering_point').select(['id', 'member']).where('member', 'is not', null).execute(),
    db.selectFrom('badge').select(['member']).where('revoked_ms', 'is', null).execute(),
  ]);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    email: row.email,
    roles: JSON.parse(row.roles) as Role[],
    shares: shares.get(row.id) ?? 0,
    joinedMs: row.joined_ms,
    leftMs: row.left_ms,
    meteringPoints: points.filter((point) => point.member === row.id).map((point) => point.id),
    badges: badges.filter((badge) => badge.member === row.id).length,
  }));
}

export async function findMember(db: Db, id: string, atMs: number): Promise<MemberRecord | null> {
  return (await listMembers(db, atMs)).find((member) => member.id === id) ?? null;
}
