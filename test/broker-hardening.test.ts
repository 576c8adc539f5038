/** What hostile, broken or slow clients do to the real listeners, and that the others do not notice. */
import { randomUUID } from 'node:crypto';
import type { BrokerStatus, DeadLetterPage, LogPage } from '@commonworks/core';
import type { IConnectPacket } from 'mqtt-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { as, asService, EPOCH, packOf as packOfEdge } from './broker/attack.ts';
import { type BrokerUnderTest, startBroker } from './broker/broker-under-test.ts';
import { RawMqtt } from './broker/raw-mqtt.ts';
import { asBusy } from './setup/busyness.ts';

const asEdge = (broker: BrokerUnderTest, more: Partial<IConnectPacket> = {}) => as(broker.edge, more);
const packOf = (broker: BrokerUnderTest, seq: number, edge = broker.edge) => packOfEdge(edge, seq);

function publish(
  client: RawMqtt,
  topic: string,
  payload: string | Buffer,
  options: { qos?: 0 | 1 | 2; retain?: boolean } = {},
): void {
  const { qos = 1, retain = false } = options;
  client.send({
    cmd: 'publish',
    topic,
    payload,
    qos,
    retain,
    dup: false,
    ...(qos > 0 ? { messageId: 1 + (client.packets.length % 60_000) } : {}),
  });
}

/** The broker still takes a pack, quickly. */
async function isServing(broker: BrokerUnderTest, seq: number): Promise<boolean> {
  const client = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
  publish(client, `${broker.community}/${broker.edge}/data`, packOf(broker, seq));
  await client.until(() => client.packets.some((packet) => packet.cmd === 'puback'), asBusy(2000));
  client.socket.destroy();
  return true;
}

async function granted(client: RawMqtt, topic: string): Promise<unknown> {
  client.send({ cmd: 'subscribe', messageId: 7, subscriptions: [{ topic, qos: 1 }] });
  await client.until(() => client.isClosed || client.packets.some((packet) => packet.cmd === 'suback'));
  const suback = client.packets.find((packet) => packet.cmd === 'suback');
  return suback?.cmd === 'suback' ? suback.granted[0] : 'closed';
}

let shared: BrokerUnderTest;
beforeAll(async () => {
  shared = await startBroker();
});
afterAll(() => shared[Symbol.asyncDispose]());

describe('before log-in', () => {
  it('a claimed packet of 256 MB is refused at its header, and so is anything above 4 kB', async () => {
    await using broker = await startBroker();
    for (const header of [
      [0x10, 0xff, 0xff, 0xff, 0x7f],
      [0x10, 0x81, 0x20],
      [0x10, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ]) {
      const client = await RawMqtt.open(broker.addresses.mqttPort);
      client.bytes(...header);
      await client.closed();
    }
    const codes = broker.lines.flatMap(({ code }) => code ?? []);
    // The same warning of the same address is not said twice within a minute.
    expect(codes).toEqual(['broker.packet-too-large', 'broker.packet-malformed']);
    expect(await isServing(broker, 1)).toBe(true);
  });

  it('a socket that sends nothing, or dribbles, is closed after the time for CONNECT', async () => {
    await using broker = await startBroker({ connectTimeoutMs: 200 });
    const silent = await RawMqtt.open(broker.addresses.mqttPort);
    const dribbling = await RawMqtt.open(broker.addresses.mqttPort);
    dribbling.bytes(0x10, 0x20, 0x00);
    await Promise.all([silent.closed(), dribbling.closed()]);
  });

  it('one address cannot hold more than its share of unfinished connections', async () => {
    await using broker = await startBroker({ strangersPerAddressMax: 5 });
    const clients = await Promise.all(Array.from({ length: 8 }, () => RawMqtt.open(broker.addresses.mqttPort)));
    await clients[7]?.until(() => clients.filter((client) => client.isClosed).length === 3);
  });

  it.each([
    ['MQTT 5', { protocolVersion: 5 }, 1],
    ['a wrong secret', { password: Buffer.from('wrong') }, 5],
    ['no name', { username: undefined, password: undefined }, 5],
    ["another edge's client id", { clientId: '01890000-0000-7000-8000-000000000009' }, 5],
  ] as const)('%s is refused', async (_name, login, code) => {
    const { username, ...rest } = asEdge(shared, login as Partial<IConnectPacket>);
    const client = await RawMqtt.login(
      shared.addresses.mqttPort,
      username === undefined ? { clientId: 'x' } : { username, ...rest },
    );
    expect(client.returnCode).toBe(code);
    await client.closed();
  });

  it.each([
    ['that wants a session', '\x10\x0c\x00\x04MQTT\x04\x00\x00\x3c\x00\x00'],
    ['in MQTT 3.1', '\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00'],
  ])('an empty id %s is refused', async (_name, connect) => {
    const client = await RawMqtt.open(shared.addresses.mqttPort);
    client.bytes(...Buffer.from(connect, 'latin1'));
    await client.closed();
    expect(client.returnCode).toBe(2);
  });

  it.each(['+/x', 'a/#', '$SYS/x'])('a will on "%s" is refused', async (topic) => {
    const client = await RawMqtt.open(shared.addresses.mqttPort);
    client.connect(asEdge(shared, { will: { topic, payload: Buffer.from('x'), qos: 1, retain: true } }));
    await client.closed();
    expect(client.returnCode ?? 5).toBe(5);
  });

  it('a will on a topic that is not the own status is refused', async () => {
    const topic = `${shared.community}/${shared.otherEdge}/status`;
    const login = asEdge(shared, { will: { topic, payload: Buffer.from('{}'), qos: 1, retain: true } });
    expect((await RawMqtt.login(shared.addresses.mqttPort, login)).returnCode).toBe(5);
  });

  it('a right secret gets in beside any number of wrong ones, and all wrong ones take as long', async () => {
    await using broker = await startBroker({ refusalMs: 300 });
    const { mqttPort } = broker.addresses;
    const guess = async (user: string) => {
      const startedMs = performance.now();
      const login = { clientId: user, username: user, password: Buffer.from(randomUUID()) };
      expect((await RawMqtt.login(mqttPort, login)).returnCode).toBe(5);
      return performance.now() - startedMs;
    };
    const users = [broker.edge, broker.otherEdge, 'service', randomUUID(), randomUUID(), 'olga'];
    const times = await Promise.all(users.flatMap((user) => Array.from({ length: 5 }, () => guess(user))));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(299);
    expect((await RawMqtt.login(mqttPort, asService())).returnCode).toBe(0);
    expect(await isServing(broker, 1)).toBe(true);
  });
});

describe('after log-in', () => {
  it('subscriptions outside the role or shared are answered with failure, malformed ones never with success', async () => {
    await using broker = await startBroker();
    const topics = ['#', '$SYS/#', `$share/g/${broker.community}/#`, '+/+/live', broker.community];
    for (const topic of topics) {
      const client = await RawMqtt.login(broker.addresses.mqttPort, asService());
      expect([topic, await granted(client, topic)]).toEqual([topic, 128]);
    }
    for (const topic of [`${broker.community}/a#`, `${broker.community}/+a/x`, `${broker.community}/#/x`]) {
      const client = await RawMqtt.login(broker.addresses.mqttPort, asService());
      expect(['closed', 128]).toContain(await granted(client, topic));
    }
    const edge = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
    expect(await granted(edge, `${broker.community}/${broker.otherEdge}/cmd`)).toBe(128);
    const service = await RawMqtt.login(broker.addresses.mqttPort, asService());
    expect(await granted(service, `${broker.community}/#`)).toBe(1);
  });

  it('a publish against the rules closes the connection with the reason in the log', async () => {
    await using broker = await startBroker();
    const own = `${broker.community}/${broker.edge}`;
    const cases: [string, { qos?: 0 | 1 | 2; retain?: boolean }][] = [
      [`${own}/data`, { qos: 0 }],
      [`${own}/data`, { qos: 2 }],
      [`${own}/data`, { retain: true }],
      [`${own}/cmd`, {}],
      [`${broker.community}/${broker.otherEdge}/data`, {}],
      ['elsewhere', {}],
    ];
    for (const [topic, options] of cases) {
      const client = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
      publish(client, topic, packOf(broker, 1), options);
      await client.closed();
    }
    expect(broker.lines.filter((line) => line.code === 'broker.publish-refused').length).toBe(cases.length);
    expect((await broker.get<LogPage>('/log?after=0')).entries).toEqual([]);
  });

  it('an oversized packet closes that connection only', async () => {
    await using broker = await startBroker();
    const client = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
    publish(client, `${broker.community}/${broker.edge}/data`, Buffer.alloc(300_000, 0x20));
    await client.closed();
    expect(await isServing(broker, 1)).toBe(true);
  });

  it('an oversized or malformed pack is quarantined and acknowledged; a malformed live message goes nowhere', async () => {
    await using broker = await startBroker();
    const watcher = await RawMqtt.login(broker.addresses.mqttPort, asService());
    await granted(watcher, `${broker.community}/#`);
    const client = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
    const own = `${broker.community}/${broker.edge}`;
    publish(client, `${own}/data`, `[${' '.repeat(70_000)}]`);
    publish(client, `${own}/data`, packOf(broker, 1, broker.otherEdge));
    publish(client, `${own}/live`, 'not json', { qos: 0 });
    publish(client, `${own}/data`, packOf(broker, 1));
    await client.until(() => client.packets.filter((packet) => packet.cmd === 'puback').length === 3);
    await watcher.until(() =>
      watcher.packets.some((packet) => packet.cmd === 'publish' && packet.topic.endsWith('/data')),
    );
    const seen = watcher.packets.filter((packet) => packet.cmd === 'publish' && !packet.topic.endsWith('/mark'));
    expect(seen.length).toBe(1);
    const { letters } = await broker.get<DeadLetterPage>('/dead-letters');
    expect(letters.map((letter) => letter.code)).toEqual(['core.pack-malformed', 'broker.pack-foreign']);
  });

  it('a client id taken over by its owner ends the older connection', async () => {
    await using broker = await startBroker();
    const older = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
    await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
    await older.closed();
  });

  it('a withdrawn or changed access ends the connection within a second', async () => {
    await using broker = await startBroker();
    const { document } = broker;
    const client = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
    const other = await RawMqtt.login(
      broker.addresses.mqttPort,
      asEdge(broker, { clientId: broker.otherEdge, username: broker.otherEdge }),
    );
    const principals = document.principals.map((one) => (one.user === broker.edge ? { ...one, enabled: false } : one));
    expect(await broker.putAccess({ ...document, version: 2, principals })).toBe(200);
    await client.closed(asBusy(1000));
    expect(other.isClosed).toBe(false);
    expect(await broker.putAccess(document)).toBe(409);
    expect((await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker))).returnCode).toBe(5);
  });

  it('the mark is told again when an edge subscribes to it', async () => {
    await using broker = await startBroker();
    await isServing(broker, 1);
    const client = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
    await granted(client, `${broker.community}/${broker.edge}/mark`);
    await client.until(() => client.packets.some((packet) => packet.cmd === 'publish'));
    const mark = client.packets.find((packet) => packet.cmd === 'publish');
    expect(mark?.cmd === 'publish' && JSON.parse(mark.payload.toString())).toEqual({
      ...{ epoch: EPOCH, seq: 1, generation: 1 },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      log: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});

describe('under load', () => {
  it('a subscriber that stops reading is cut, and nobody waits for it', async () => {
    const slowMs = 3000;
    await using broker = await startBroker({ slowMs }, { userBudgets: { live: { burst: 1e6, perSecond: 1 } } });
    const own = `${broker.community}/${broker.edge}`;
    const frozen = await RawMqtt.login(broker.addresses.mqttPort, asService());
    await granted(frozen, `${broker.community}/#`);
    frozen.socket.pause();
    const watcher = await RawMqtt.login(broker.addresses.mqttPort, asService());
    await granted(watcher, `${broker.community}/+/live`);
    const client = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
    const live = JSON.stringify({ device: 'home-1', timeMs: 1, values: {}, filler: 'x'.repeat(15_000) });
    let worstMs = 0;
    const end = performance.now() + 60_000;
    while (performance.now() < end && !broker.lines.some((line) => line.code === 'broker.client-too-slow')) {
      const before = performance.now();
      const count = watcher.packets.length;
      publish(client, `${own}/live`, live, { qos: 0 });
      await watcher.until(() => watcher.packets.length > count);
      worstMs = Math.max(worstMs, performance.now() - before);
    }
    expect(broker.lines.some((line) => line.code === 'broker.client-too-slow')).toBe(true);
    // Who waited for the frozen one would have waited until it was cut.
    expect(worstMs).toBeLessThan(asBusy(slowMs));
  });

  it('a flood from one client is held back to its share, and every pack is still acknowledged', async () => {
    await using broker = await startBroker();
    const client = await RawMqtt.login(broker.addresses.mqttPort, asEdge(broker));
    const count = 3000;
    let pendingMax = 0;
    const watch = setInterval(async () => {
      pendingMax = Math.max(pendingMax, (await broker.get<BrokerStatus>('/status')).pending);
    }, 5);
    for (let seq = 1; seq <= count; seq++) {
      client.send({
        cmd: 'publish',
        topic: `${broker.community}/${broker.edge}/data`,
        payload: packOf(broker, seq),
        qos: 1,
        messageId: seq,
        dup: false,
        retain: false,
      });
    }
    await client.until(() => client.packets.filter((packet) => packet.cmd === 'puback').length === count, 60_000);
    clearInterval(watch);
    // What a turn hands over may come on top of the 64.
    expect(pendingMax).toBeLessThanOrEqual(64 + 32);
    expect((await broker.get<BrokerStatus>('/status')).marks[0]?.seq).toBe(count);
  });

  it('random bytes after log-in never take the broker down', async () => {
    await using broker = await startBroker();
    let state = 42;
    const next = () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state % 256;
    };
    for (let i = 0; i < 60; i++) {
      const client = await RawMqtt.login(broker.addresses.mqttPort, asService());
      client.bytes(...Array.from({ length: 40 }, next));
      client.socket.end();
    }
    expect(await isServing(broker, 1)).toBe(true);
  });
});

describe('over WebSocket', () => {
  it('text frames and other protocols are refused', async () => {
    await using broker = await startBroker();
    const url = `ws://127.0.0.1:${broker.addresses.mqttWsPort}/mqtt`;
    const text = new WebSocket(url, 'mqtt');
    await new Promise((resolve) => text.on('open', resolve));
    text.send('hello');
    await new Promise((resolve) => text.on('close', resolve));
    const other = new WebSocket(url, 'chat');
    await new Promise((resolve) => other.on('error', resolve));
    expect(await isServing(broker, 1)).toBe(true);
  });
});
