/** Closing a month over HTTP: the treasurer sees gaps by name, types, withdraws, decides and settles; an admin swaps a meter. */
import { monthSpan } from '@commonworks/core';
import type { MonthReadiness } from '@commonworks/core/api/index.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EDGE, type Person, POINT, startTestCommunity, type TestCommunity } from './test-community.ts';

const MONTH = '2026-04';
const { fromMs, toMs } = monthSpan(MONTH, 'Europe/Vienna');
const Q = 900_000;
const COUNT = (toMs - fromMs) / Q;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-/;

let community: TestCommunity;
const cookies = new Map<Person, string>();
beforeAll(async () => {
  community = await startTestCommunity();
  for (const name of ['anna', 'theo', 'ada'] as const) cookies.set(name, await community.cookieOf(name));
});
afterAll(() => community.close());

async function call(who: Person, method: 'GET' | 'POST', url: string, payload?: object) {
  const headers = { cookie: cookies.get(who) ?? '' };
  return await community.inject({ method, url: `/api/v1${url}`, headers, ...(payload && { payload }) });
}
const readiness = async () => (await call('theo', 'GET', `/settlements/${MONTH}/readiness`)).json() as MonthReadiness;

describe('a month with a silent meter', () => {
  it('is refused by name, and nowhere by id', async () => {
    const [home] = (await readiness()).registers;
    expect(home).toMatchObject({ pointName: 'Home of Anna', owner: 'anna', missing: COUNT, open: ['missing'] });
    const refused = await call('theo', 'POST', '/settlements', { month: MONTH });
    expect(refused.json()).toMatchObject({ code: 'community.period-incomplete' });
    expect(refused.json().detail).toContain('Home of Anna');
    expect(refused.json().detail).not.toMatch(UUID);
  });

  it('is typed with a reason, shown with its author, withdrawn, and left as it is', async () => {
    const gap = { register: 'importedWh', fromMs, toMs };
    const url = `/metering-points/${POINT}/substitutes`;
    const value = { energyMwh: 200_000_001, spread: 'flat' };
    expect((await call('theo', 'POST', url, { ...gap, value, reason: '   ' })).statusCode).toBe(400);
    const typed = await call('theo', 'POST', url, { ...gap, value, reason: 'Read by hand' });
    expect(typed.json()).toMatchObject({ energyMwh: 200_000_001, intervals: COUNT, author: 'theo', superseded: 0 });
    expect(await readiness()).toMatchObject({ isReady: true, registers: [{ substituted: COUNT, missing: 0 }] });
    expect(
      (await call('theo', 'GET', `${url}/suggestions?register=importedWh&fromMs=${fromMs}&toMs=${toMs}`)).json(),
    ).toEqual([]);
    const gone = await call('theo', 'POST', `/substitutes/${typed.json().id}/withdraw`, { reason: 'Wrong house' });
    expect(gone.json()).toMatchObject({ withdrawal: { author: 'theo', reason: 'Wrong house' } });
    expect((await readiness()).isReady).toBe(false);
    const decision = {
      point: POINT,
      register: 'importedWh',
      matters: ['missing'],
      isAccepted: true,
      reason: 'Burnt down',
    };
    const decided = await call('theo', 'POST', `/settlements/${MONTH}/decisions`, decision);
    expect(decided.json()).toMatchObject({ isReady: true, registers: [{ decisions: [{ author: 'theo' }] }] });
    await call('theo', 'POST', `/settlements/${MONTH}/decisions`, { ...decision, isAccepted: false });
    expect((await readiness()).isReady).toBe(false);
  });

  it('is previewed, and closed with its gaps only for a reason that then stands on the run', async () => {
    const preview = await call('ada', 'GET', `/settlements/${MONTH}/preview`);
    expect(preview.json()).toMatchObject({ members: [{ name: 'anna', usedMwh: 0, amountMinor: 0 }] });
    expect((await call('theo', 'POST', '/settlements', { month: MONTH, missing: 'exclude' })).statusCode).toBe(400);
    const order = { month: MONTH, missing: 'exclude', reason: 'The meter burnt down' };
    const run = (await call('theo', 'POST', '/settlements', order)).json();
    expect(run.reasons).toEqual([
      `Home of Anna: ${COUNT} of ${COUNT} quarter hours are missing and were left out, decided by theo: The meter burnt down`,
    ]);
  });
});

describe('a meter swap', () => {
  it('is told by an admin, refused in words, and listed with both registers', async () => {
    const url = `/metering-points/${POINT}/swaps`;
    const registers = [{ register: 'importedWh', finalMwh: 5_000_000, firstMwh: 0 }];
    const order = {
      timeMs: toMs + Q,
      edge: EDGE,
      device: 'home-1b',
      oldSerial: 'A',
      newSerial: 'B',
      reason: 'worn',
      registers,
    };
    expect((await call('theo', 'POST', url, order)).statusCode).toBe(403);
    const future = await call('ada', 'POST', url, { ...order, timeMs: Date.UTC(2030, 0) });
    expect(future.json()).toMatchObject({ code: 'community.swap-refused', status: 422 });
    expect((await call('ada', 'POST', url, order)).json()).toMatchObject([
      { finalMwh: 5_000_000, firstMwh: 0, author: 'ada' },
    ]);
    const points = (await call('ada', 'GET', '/metering-points')).json();
    expect(points[0].assignments).toMatchObject([
      { device: 'home-1', toMs: toMs + Q },
      { device: 'home-1b', toMs: null },
    ]);
  });
});
