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

type Activity = 'running' | 'idle';

/** The laser's relay with a record of what was sent; `clock` moves time. */
async function openRelay() {
  const db = await openTestDatabase();
  const sent: Pick<CommandRequest, 'value'>[] = [];
  const now = { ms: NOW, activity: 'idle' as Activity };
  const issue = async (request: CommandRequest, by: Issuer) => {
    sent.push(request);
    const id = `c${sent.length}`;
    const leaseUntilMs = by.isLasting === true ? null : now.ms + request.seconds * 1000;
    const told = { reason: '', requested_by: by.user, observed: null, body: '', signature: '' };
    const times = { issued_ms: now.ms + sent.length, expires_ms: 0, lease_until_ms: leaseUntilMs };
    const { edge, device, kind, value } = request;
    const row = { id, community: 'c', edge, device, kind, value, state: 'confirmed' as const, ...told, ...times };
    await db.insertInto('command').values(row).execute();
    return accept(id);
  };
  return {
    sent,
    now,
    values: () => sent.map(({ value }) => value),
    keep: async () => {
      const state = await readMachineState(db, now.ms, 'UTC');
      const live = () => ({ activity: now.activity, powerW: null });
      await keepRelays({ db, issue, now: () => now.ms }, state, live);
    },
    operatorSwitchesOn: (seconds: number) =>
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

describe('keepRelays', () => {
  it('switches on once with the session, and off once it is over and the machine rests', async () => {
    await using relay = await openRelay();
    relay.now.activity = 'running';
    await relay.keep();
    expect(relay.sent).toEqual([]);
    await relay.begin();
    await relay.keep();
    await relay.keep();
    expect(relay.sent).toMatchObject([{ kind: 'setRelay', value: 1, device: 'laser-1' }]);
    relay.now.ms += 1;
    await relay.end();
    await relay.keep();
    expect(relay.sent).toHaveLength(1);
    relay.now.activity = 'idle';
    await relay.keep();
    await relay.keep();
    expect(relay.values()).toEqual([1, 0]);
  });

  it("leaves an operator's lease alone while the machine rests, and lets it end by itself", async () => {
    await using relay = await openRelay();
    await relay.operatorSwitchesOn(600);
    await relay.keep();
    relay.now.ms += 601_000;
    await relay.keep();
    expect(relay.values()).toEqual([1]);
  });

  it('does not let a lease end under a session', async () => {
    await using relay = await openRelay();
    await relay.operatorSwitchesOn(600);
    await relay.begin();
    await relay.keep();
    await relay.keep();
    expect(relay.values()).toEqual([1, 1]);
  });

  it('does not let a lease end under a machine that runs without one; off once it rests', async () => {
    await using relay = await openRelay();
    await relay.operatorSwitchesOn(600);
    relay.now.activity = 'running';
    await relay.keep();
    relay.now.ms += 601_000;
    await relay.keep();
    expect(relay.values()).toEqual([1, 1]);
    relay.now.activity = 'idle';
    await relay.keep();
    expect(relay.values()).toEqual([1, 1, 0]);
  });
});
