/** Log-ins after a crash or a failed commit: the register is right. */
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PEOPLE, startTestCommunity, type TestCommunity } from '../http/test-community.ts';
import { alignLogIns } from './align-log-ins.ts';

let community: TestCommunity;
let ada = '';
beforeEach(async () => {
  community = await startTestCommunity();
  ada = await community.cookieOf('ada');
  await community.cookieOf('anna');
});
afterEach(() => community.close());

const call = (method: 'POST' | 'PATCH', url: string, payload: object, cookie = ada) =>
  community.inject({ method, url, payload, headers: { cookie } });
const signIn = async (email: string, password = 'four random words') =>
  (await call('POST', '/api/auth/sign-in/email', { email, password }, '')).statusCode;
const align = () => alignLogIns(community.db, community.app.logIn);

describe('a log-in', () => {
  it('of somebody who has left, or was never registered, ends, and the address is free again', async () => {
    const { db, app } = community;
    await db.updateTable('member').set({ left_ms: 1, roles: '[]' }).where('id', '=', PEOPLE.anna).execute();
    const password = await app.logIn.hashPassword('four random words');
    await app.logIn.create({ member: 'nobody', name: 'Nobody', email: 'nobody@cellar', password });
    await align();
    expect(app.logIn.members()).toEqual(new Set([PEOPLE.ada]));
    const who = { name: 'Anna', email: 'anna@cellar', roles: ['member'], shares: 0 };
    const { url } = (await call('POST', '/api/v1/members', who)).json();
    const token = new URL(url).searchParams.get('token');
    const accepted = await call('POST', '/api/v1/auth/accept', { token, password: 'another four words' }, '');
    expect(accepted.statusCode).toBe(200);
    expect(await signIn('anna@cellar', 'another four words')).toBe(200);
  });

  it("gets the register's address back, and one that agrees is left alone", async () => {
    await community.app.logIn.change(PEOPLE.anna, { name: 'Anna', email: 'berg@cellar' });
    await align();
    await align();
    expect([await signIn('anna@cellar'), await signIn('berg@cellar'), await signIn('ada@cellar')]).toEqual([
      200, 401, 200,
    ]);
  });

  it('goes back to its address when the change of the register cannot be committed', async () => {
    const { db } = community;
    // Kept open until the commit, which then fails: as a full disk would do.
    await sql`CREATE TABLE fault (member TEXT REFERENCES member (id) DEFERRABLE INITIALLY DEFERRED)`.execute(db);
    await sql`CREATE TRIGGER fault AFTER UPDATE OF email ON member BEGIN INSERT INTO fault VALUES ('none'); END`.execute(
      db,
    );
    const change = await call('PATCH', `/api/v1/members/${PEOPLE.anna}`, { email: 'berg@cellar' });
    expect(change.statusCode).toBe(500);
    expect([await signIn('anna@cellar'), await signIn('berg@cellar')]).toEqual([200, 401]);
  });
});
