/** The relay follows the session; it never takes power from a machine that runs, or of which nobody knows. */

import { accept } from '@commonworks/core';
import type { CommandRequest } from '@commonworks/core/api/index.ts';
import { describe, expect, it } from 'vitest';
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

describe('keepRelays', () => {
  it('switches on once with the session, and off once it is over and the machine rests', async () => {
    const db = await openTestDatabase();
    const sent: CommandRequest[] = [];
    let activity: 'running' | 'idle' = 'running';
    const issue = async (request: CommandRequest) => {
      sent.push(request);
      const row = { id: `c${sent.length}`, community: 'c', edge: EDGE, device: 'laser-1', kind: 'setRelay' as const };
      const rest = {
        reason: '',
        requested_by: 'workshop',
        observed: null,
        issued_ms: NOW + sent.length,
        expires_ms: 0,
      };
      const signed = { lease_until_ms: null, body: '', signature: '' };
      await db
        .insertInto('command')
        .values({ ...row, ...rest, ...signed, value: request.value, state: 'confirmed' })
        .execute();
      return accept(row.id);
    };
    const keep = async () => {
      const state = await readMachineState(db, NOW, 'UTC');
      await keepRelays({ db, issue, now: () => NOW }, state, () => ({ activity, powerW: null }));
    };
    const tx = <T>(work: Parameters<ReturnType<typeof db.transaction>['execute']>[0]) =>
      db.transaction().execute(work) as Promise<T>;
    await keep();
    expect(sent).toEqual([]);
    await tx((t) => startSession(t, { machine: LASER, member: PEOPLE.anna, atMs: NOW, by: 'web' }, context));
    await keep();
    await keep();
    expect(sent).toMatchObject([{ kind: 'setRelay', value: 1, device: 'laser-1' }]);
    await tx((t) => endSession(t, { machine: LASER, member: PEOPLE.anna, atMs: NOW + 1 }, context));
    await keep();
    expect(sent).toHaveLength(1);
    activity = 'idle';
    await keep();
    await keep();
    expect(sent).toMatchObject([{ value: 1 }, { value: 0 }]);
    await db.destroy();
  });
});
