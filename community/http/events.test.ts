/** Live events over a real socket: what each role sees, the end of a server, too many viewers. */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { LIVE_EVENTS, type LiveEventName } from '@commonworks/core/api/index.ts';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HUB_LIMITS } from '../live/event-hub.ts';
import {
  EDGE,
  LASER,
  PEOPLE,
  type Person,
  SERVICE_TOKEN,
  startTestCommunity,
  type TestCommunity,
} from './test-community.ts';

let community: TestCommunity;
let url: string;
beforeAll(async () => {
  community = await startTestCommunity();
  await community.server.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(community.server.server.address() as AddressInfo).port}/api/v1/events`;
  const values = { activePowerW: { value: 500, quality: 'good' as const } };
  community.live.values.take(EDGE, { device: 'home-1', timeMs: community.time.nowMs, values });
});
afterAll(() => community.close());

type Seen = { name: LiveEventName; data: unknown };

/** Reads events until `enough`, then hangs up. */
async function watch(
  headers: Record<string, string>,
  enough: (seen: Seen[]) => boolean,
  act?: () => void,
): Promise<Seen[]> {
  const stop = new AbortController();
  const response = await fetch(url, { headers, signal: AbortSignal.any([stop.signal, AbortSignal.timeout(5000)]) });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  const seen: Seen[] = [];
  let rest = '';
  act?.();
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (name !== undefined && data !== undefined) seen.push({ name: name as LiveEventName, data: JSON.parse(data) });
    }
    if (enough(seen)) break;
  }
  stop.abort();
  return seen;
}
const names = (seen: Seen[]) => seen.map((event) => event.name);
const cookie = async (who: Person) => ({ cookie: await community.cookieOf(who) });

describe('GET /events', () => {
  it('begins with what the page needs, each of its shape', async () => {
    const seen = await watch(await cookie('anna'), (events) => events.length === 5);
    expect(names(seen)).toEqual(['clock', 'flow', 'mine', 'machine', 'machine']);
    for (const { name, data } of seen) expect([name, Value.Check(LIVE_EVENTS[name], data)]).toEqual([name, true]);
    expect(seen[2]?.data).toMatchObject({ consumptionW: 500 });
  });

  it('shows devices, commands and alarms to operators, not to members', async () => {
    const change = () => {
      community.live.hub.touch('device', `${EDGE}/home-1`);
      community.live.hub.touch('machine', LASER);
      community.live.hub.flush();
    };
    const operator = await watch(await cookie('olga'), (events) => names(events).includes('device'));
    expect(operator.find((event) => event.name === 'device')?.data).toMatchObject({
      device: 'home-1',
      edgeName: 'workshop',
    });
    const member = await watch(await cookie('anna'), (events) => names(events).length === 6, change);
    expect(names(member)).not.toContain('device');
    const service = await watch({ authorization: `Bearer ${SERVICE_TOKEN}` }, (events) =>
      names(events).includes('device'),
    );
    expect(names(service)).not.toContain('mine');
  });

  it('needs a log-in, and refuses one viewer too many as a problem', async () => {
    expect((await fetch(url)).status).toBe(401);
    const sink = { write: () => true, onDrain: () => {}, close: () => {} };
    const before = community.live.hub.size();
    const removes = Array.from({ length: HUB_LIMITS.viewersMax - before }, () =>
      community.live.hub.add({ member: null, roles: [] }, sink, []),
    );
    const answer = await fetch(url, { headers: await cookie('anna') });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'http.too-many-viewers' });
    for (const remove of removes) remove?.();
  });

  it('gives one person twenty streams, also when all are asked for at once', async () => {
    const stop = new AbortController();
    const headers = await cookie('ben');
    const answers = await Promise.all(Array.from({ length: 40 }, () => fetch(url, { headers, signal: stop.signal })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(20);
    stop.abort();
    await expect.poll(() => community.live.hub.size()).toBe(0);
    await watch(headers, (events) => events.length > 0);
  });

  it('forgets who hung up before the first event', async () => {
    const headers = await cookie('theo');
    for (let n = 0; n < 25; n++) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${headers.cookie}\r\n\r\n`);
      setImmediate(() => socket.destroy());
      await once(socket, 'close');
    }
    await expect.poll(() => community.live.hub.size()).toBe(0);
    await watch(headers, (events) => events.length > 0);
  });

  it('ends when the viewer has other roles', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const response = await fetch(url, { headers: await cookie('olga'), signal: AbortSignal.timeout(5000) });
    await community.db.updateTable('member').set({ roles: '["member"]' }).where('id', '=', PEOPLE.olga).execute();
    vi.advanceTimersByTime(60_000);
    for await (const _ of response.body ?? []);
    await community.db.updateTable('member').set({ roles: '["operator"]' }).where('id', '=', PEOPLE.olga).execute();
  });

  it('forgets who hung up', async () => {
    await watch(await cookie('anna'), (events) => events.length > 0);
    await expect.poll(() => community.live.hub.size()).toBe(0);
  });
});
