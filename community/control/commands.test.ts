/** Commands: signed so that anybody with the public key can check them, sent once, followed to their end. */
import { generateKeyPairSync, verify } from 'node:crypto';
import { Command, type Pack, SignedCommand } from '@commonworks/core';
import type { CommandRequest } from '@commonworks/core/api/index.ts';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Db } from '../database.ts';
import { COMMUNITY, createTestCommands, EDGE, id, openTestDatabase, type TestLink } from '../http/test-community.ts';
import { createLiveValues } from '../live/live-values.ts';
import { findCommand } from './command-store.ts';
import { createReceiptListener } from './receipt-listener.ts';

const keys = generateKeyPairSync('ed25519');
let db: Db;
let nowMs: number;
let link: TestLink;
let commands: ReturnType<typeof createTestCommands>;

beforeEach(async () => {
  db = await openTestDatabase();
  nowMs = Date.UTC(2026, 4, 4, 8);
  link = { isUp: true, sent: [] };
  const live = createLiveValues();
  const points = ['activePowerW'];
  live.takeStatus(EDGE, {
    ...{ state: 'online', sinceMs: 0, boot: id(9), version: '1', backlog: 0 },
    devices: [
      {
        ...{ device: 'pv-1', profile: 'sunspec', title: 'Inverter', points, periodMs: 10_000 },
        commands: ['setPowerLimitPct', 'clearPowerLimit'],
      },
      { ...{ device: 'laser-1', profile: 'sdm120', title: 'Laser', points, periodMs: 10_000 }, commands: ['setRelay'] },
    ],
  });
  commands = createTestCommands({ db, key: keys.privateKey, live, link, now: () => nowMs });
});
afterEach(() => db.destroy());

const limit: CommandRequest = {
  ...{ edge: EDGE, device: 'pv-1', kind: 'setPowerLimitPct', value: 60, reason: 'cloud test', seconds: 600 },
};
const by = (key: string | null, body: unknown = limit) => ({
  user: 'olga',
  key: key === null ? null : { principal: 'olga', key, kind: 'command', body },
});
async function issue(request: CommandRequest = limit): Promise<string> {
  const result = await commands.issue(request, by(null));
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

async function receipt(command: string, state: string, options: { edge?: string; observed?: number } = {}) {
  const edge = options.edge ?? EDGE;
  const body = { command, state, observed: options.observed ?? null, reason: `edge says ${state}` };
  const pack: Pack = { edge, epoch: id(8), seq: 1, boot: id(9), samples: [], events: [] };
  const events = [{ device: 'pv-1', type: 'receipt', timeMs: ++nowMs, body }];
  const entry = { cursor: 1, edge, epoch: id(8), seq: 1, receivedMs: 0, hash: '', body: '' };
  const record = { entry, pack: { ...pack, events } };
  await db.transaction().execute((tx) => createReceiptListener()(tx, record, () => {}));
}

describe('sending', () => {
  it('signs the exact bytes, with an end and a lease, and node:crypto agrees', async () => {
    const command = await issue();
    expect(link.sent).toHaveLength(1);
    const signed = JSON.parse(link.sent[0]?.text ?? '') as SignedCommand;
    expect(Value.Check(SignedCommand, signed)).toBe(true);
    const signature = Buffer.from(signed.signature, 'base64');
    expect(verify(null, Buffer.from(signed.body), keys.publicKey, signature)).toBe(true);
    expect(verify(null, Buffer.from(signed.body.replace('60', '61')), keys.publicKey, signature)).toBe(false);
    const body: unknown = JSON.parse(signed.body);
    expect(Value.Check(Command, body)).toBe(true);
    expect(body).toMatchObject({
      ...{ id: command, community: COMMUNITY, edge: EDGE, kind: 'setPowerLimitPct', value: 60 },
      ...{ issuedMs: nowMs, expiresMs: nowMs + 60_000, leaseUntilMs: nowMs + 600_000 },
    });
    expect(await findCommand(db, command)).toMatchObject({
      state: 'published',
      requestedBy: 'olga',
      steps: [{ state: 'requested', detail: 'cloud test' }, { state: 'published' }],
    });
  });

  it('a relay that is on is a lease too, unless somebody watches over it; off and cleared end by nothing', async () => {
    const relay = { ...limit, device: 'laser-1', kind: 'setRelay' } as const;
    await issue({ ...limit, kind: 'clearPowerLimit', value: null });
    await issue({ ...relay, value: 0 });
    await issue({ ...relay, value: 1 });
    await commands.issue({ ...relay, value: 1 }, { ...by(null), isLasting: true });
    const leases = link.sent.map(({ text }) => JSON.parse(JSON.parse(text).body).leaseUntilMs);
    expect(leases).toEqual([null, null, nowMs + 600_000, null]);
  });

  it('twice with one key is once', async () => {
    const first = await commands.issue(limit, by('key-1'));
    expect(await commands.issue(limit, by('key-1'))).toEqual(first);
    expect(link.sent).toHaveLength(1);
    const other = { ...limit, value: 50 };
    await expect(commands.issue(other, by('key-1', other))).rejects.toMatchObject({
      code: 'http.idempotency-key-reused',
    });
  });

  it.each([
    ['an unknown device', { device: 'pv-9' }, 'control.device-unknown'],
    ['a kind it does not take', { kind: 'setRelay', value: 1 }, 'control.command-unsupported'],
    ['more than all', { value: 101 }, 'control.value-out-of-range'],
    ['less than nothing', { value: -1 }, 'control.value-out-of-range'],
    ['no value', { value: null }, 'control.value-out-of-range'],
    ['a value where none belongs', { kind: 'clearPowerLimit' }, 'control.value-out-of-range'],
    ['half a relay', { device: 'laser-1', kind: 'setRelay', value: 0.5 }, 'control.value-out-of-range'],
  ] as const)('refuses %s', async (_name, change, reason) => {
    const result = await commands.issue({ ...limit, ...change } as CommandRequest, by(null));
    expect(result).toMatchObject({ ok: false, reason });
    expect(link.sent).toEqual([]);
  });

  it('without a broker nothing is written down as sent, nor sent later', async () => {
    link.isUp = false;
    expect(await commands.issue(limit, by('key-2'))).toMatchObject({ ok: false, reason: 'control.broker-unreachable' });
    expect(await db.selectFrom('command').selectAll().execute()).toEqual([]);
    link.isUp = true;
    expect((await commands.issue(limit, by('key-2'))).ok).toBe(true);
  });
});

describe('following', () => {
  it('every step the edge reports is kept, once, and the read-back is shown', async () => {
    const command = await issue();
    await receipt(command, 'accepted');
    await receipt(command, 'accepted');
    await receipt(command, 'written');
    await receipt(command, 'confirmed', { observed: 60 });
    const record = await findCommand(db, command);
    expect(record).toMatchObject({ state: 'confirmed', observed: 60 });
    expect(record?.steps.map((step) => step.state)).toEqual([
      'requested',
      'published',
      'accepted',
      'written',
      'confirmed',
    ]);
    await receipt(command, 'reverted', { observed: 100 });
    expect(await findCommand(db, command)).toMatchObject({ state: 'reverted', observed: 100 });
  });

  it('another edge cannot speak for it', async () => {
    const command = await issue();
    await receipt(command, 'confirmed', { edge: id(99) });
    expect(await findCommand(db, command)).toMatchObject({ state: 'published' });
  });

  it('silence is an end too, and the edge that speaks after it is believed', async () => {
    const command = await issue();
    nowMs += 60_000;
    await commands.expireOverdue();
    expect(await findCommand(db, command)).toMatchObject({ state: 'published' });
    nowMs += 31_000;
    await commands.expireOverdue();
    await commands.expireOverdue();
    expect((await findCommand(db, command))?.steps.filter((step) => step.state === 'expired')).toHaveLength(1);
    await receipt(command, 'confirmed', { observed: 60 });
    expect(await findCommand(db, command)).toMatchObject({ state: 'confirmed', observed: 60 });
  });

  it('the steps cannot be rewritten', async () => {
    await issue();
    await expect(db.updateTable('command_step').set({ detail: 'x' }).execute()).rejects.toThrow('append-only');
    await expect(db.deleteFrom('command_step').execute()).rejects.toThrow('append-only');
  });
});
