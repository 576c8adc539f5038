/** The relay follows the session; it never takes power from a machine that runs, or of which nobody knows. */
import { accept } from '@commonworks/core';
import type { CommandRequest } from '@commonworks/core/api/index.ts';
import { describe, expect, it } from 'vitest';
import type { Issuer } from '../control/commands.ts';
import { EDGE, LASER, openTestDatabase, PEOPLE } from '../http/test-community.ts';
import { readMachineState } from './machine-views.ts';
import { keepRelays, wantedRelay } from './relay-keeper.ts';
import { endSession, startSession } from './sessions.ts';

const NOW = Date.UTC(2026, 4, 4, 8);
const context = { community: 'c', zone: 'UTC', currency: 'EUR' };

describe('wantedRelay', () => {
  it.each([
    ['in-session', 'running', 1],
    ['in-session', 'unknown', 1],
    ['free', 'running', null],
    ['free', 'hold', null],
    ['free', 'alarm', null],
    ['free', 'unknown', null],
    ['booked', 'running', null],
    ['free', 'idle', 0],
    ['booked', 'off', 0],
  ] as const)('%s and %s: %s', (occupancy, activity, wanted) => {
    expect(wantedRelay({ occupancy, activity })).toBe(wanted);
  });
});

type Seen = 'running' | 'idle' | 'unknown';

/** The laser's relay with a record of what was sent and when; `now` moves time and says what the machine does. */
async function openRelay() {
  const db = await openTestDatabase();
  const sent: { afterS: number; value: number | null; leaseS: number | null }[] = [];
  const now = { ms: NOW, activity: 'idle' as Seen, answer: 'confirmed' as 'confirmed' | 'failed' | 'expired' };
  const issue = async (request: CommandRequest, by: Issuer) => {
    const { edge, device, kind, value, seconds } = request;
    const leaseS = by.isLasting === true || value === 0 ? null : seconds;
    sent.push({ afterS: (now.ms - NOW) / 1000, value, leaseS });
    const told = { reason: '', requested_by: by.user, observed: null, body: '', signature: '' };
    const leaseUntilMs = leaseS === null ? null : now.ms + leaseS * 1000;
    const times = { issued_ms: now.ms, expires_ms: 0, lease_until_ms: leaseUntilMs };
    const row = { id: `c${sent.length}`, community: 'c', edge, device, kind, value, state: now.answer };
    await db
      .insertInto('command')
      .values({ ...row, ...told, ...times })
      .execute();
    return accept(row.id);
  };
  const keep = async () => {
    const state = await readMachineState(db, now.ms, 'UTC');
    const activity = now.activity === 'unknown' ? null : now.activity;
    await keepRelays({ db, issue, now: () => now.ms, speed: () => 1 }, state, () => ({ activity, powerW: null }));
  };
  return {
    sent,
    now,
    keep,
    /** Looks every ten seconds for so long. */
    pass: async (seconds: number) => {
      for (const endMs = now.ms + seconds * 1000; now.ms < endMs; ) {
        now.ms += 10_000;
        await keep();
      }
    },
    lease: (seconds: number) =>
      issue(
        { edge: EDGE, device: 'laser-1', kind: 'setRelay', value: 1, reason: 'mirror check', seconds },
        { user: 'olga', key: null },
      ),
    begin: () =>
      db
        .transaction()
        .execute((tx) => startSession(tx, { machine: LASER, member: PEOPLE.anna, atMs: now.ms, by: 'web' }, context)),
    end: () =>
      db.transaction().execute((tx) => endSession(tx, { machine: LASER, member: PEOPLE.anna, atMs: now.ms }, context)),
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}

const on = (afterS: number, leaseS: number | null) => ({ afterS, value: 1, leaseS });
const off = (afterS: number) => ({ afterS, value: 0, leaseS: null });

describe('keepRelays', () => {
  it('switches on once with the session, and off once it is over and the machine rests', async () => {
    await using relay = await openRelay();
    relay.now.activity = 'running';
    await relay.keep();
    expect(relay.sent).toEqual([]);
    await relay.begin();
    await relay.pass(60);
    expect(relay.sent).toEqual([on(10, null)]);
    await relay.end();
    await relay.pass(20);
    expect(relay.sent).toHaveLength(1);
    relay.now.activity = 'idle';
    await relay.pass(60);
    expect(relay.sent).toEqual([on(10, null), off(90)]);
  });

  it("leaves an operator's lease alone, also when the machine ran in it or nobody knows", async () => {
    await using relay = await openRelay();
    await relay.lease(900);
    for (const activity of ['running', 'idle', 'unknown', 'idle'] as const) {
      relay.now.activity = activity;
      await relay.pass(120);
    }
    await relay.pass(600);
    expect(relay.sent).toEqual([on(0, 900)]);
  });

  it('does not let a lease end under a session', async () => {
    await using relay = await openRelay();
    await relay.lease(600);
    await relay.begin();
    await relay.pass(700);
    expect(relay.sent).toEqual([on(0, 600), on(10, null)]);
  });

  it('extends a lease while the machine runs, and lets it end once it rests', async () => {
    await using relay = await openRelay();
    relay.now.activity = 'running';
    await relay.lease(600);
    await relay.pass(700);
    relay.now.activity = 'idle';
    await relay.pass(600);
    expect(relay.sent).toEqual([on(0, 600), on(460, 300), on(620, 300)]);
  });

  it.each(['failed', 'expired'] as const)('tries again after a minute when an extension has %s', async (state) => {
    await using relay = await openRelay();
    relay.now.activity = 'running';
    await relay.lease(600);
    await relay.pass(450);
    relay.now.answer = state;
    await relay.pass(10);
    relay.now.answer = 'confirmed';
    await relay.pass(100);
    expect(relay.sent).toEqual([on(0, 600), on(460, 300), on(520, 300)]);
  });

  it('keeps the first lease when its renewal has failed', async () => {
    await using relay = await openRelay();
    await relay.lease(900);
    relay.now.answer = 'failed';
    await relay.lease(900);
    relay.now.answer = 'confirmed';
    await relay.pass(1000);
    expect(relay.sent).toEqual([on(0, 900), on(0, 900)]);
  });

  it('switches off after the session what may be on although its command failed', async () => {
    await using relay = await openRelay();
    await relay.begin();
    relay.now.answer = 'failed';
    await relay.pass(30);
    relay.now.answer = 'confirmed';
    await relay.end();
    await relay.pass(120);
    expect(relay.sent).toEqual([on(10, null), off(70)]);
  });
});
