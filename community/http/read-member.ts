/** A member as the API tells of them, and the rule that somebody remains who can give roles. */
import { CodedError } from '@commonworks/core';
import type { Member } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';
import { findMember, listMembers } from '../register/members.ts';
import { type App, nowMs } from './app.ts';

/** @throws CodedError `http.not-found`. */
export async function readMember(app: App, id: string): Promise<Member> {
  const member = await findMember(app.db, id, nowMs(app));
  if (member === null) throw new CodedError('http.not-found', 'there is no such member');
  return { ...member, hasLogin: app.logIn.members().has(id) };
}

/** For what cannot be done for somebody who has gone. @throws CodedError `community.member-has-left`. */
export async function readPresentMember(app: App, id: string): Promise<Member> {
  const member = await readMember(app, id);
  if (member.leftMs !== null) throw new CodedError('community.member-has-left', `${member.name} has left`);
  return member;
}

/** Within the transaction that gives them something. @throws CodedError `http.not-found`, `community.member-has-left`. */
export async function checkPresent(tx: Db, id: string): Promise<void> {
  const row = await tx.selectFrom('member').select(['name', 'left_ms']).where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new CodedError('http.not-found', 'there is no such member');
  if (row.left_ms !== null) throw new CodedError('community.member-has-left', `${row.name} has left`);
}

/**
 * Within the transaction that took a role: an admin who cannot log in, or has left, can give nobody roles.
 * @throws CodedError `http.last-admin`, which takes the change back.
 */
export async function keepAnAdmin(app: App, tx: Db): Promise<void> {
  const logins = app.logIn.members();
  const remains = (await listMembers(tx, nowMs(app))).some(
    ({ id, roles, leftMs }) => roles.includes('admin') && leftMs === null && logins.has(id),
  );
  if (!remains) throw new CodedError('http.last-admin', 'somebody must remain who can log in and give roles');
}
