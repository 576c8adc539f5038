/** One bad client against the real listeners, with an honest edge beside: what the honest one waits is counted in turns, not in seconds. */
import { once } from 'node:events';
import type { AccessDocument, BrokerStatus, LoginRefusalList } from '@commonworks/core';
import type { Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { as, asService, BOOT, countTurns, FREE, honest, packOf, publication, statusOf } from './broker/attack.ts';
import { type BrokerUnderTest, startBroker } from './broker/broker-under-test.ts';
import { RawMqtt } from './broker/raw-mqtt.ts';

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const misuseOf = async (broker: BrokerUnderTest, user: string) =>
  (await broker.get<LoginRefusalList>('/refusals')).misuse.filter((one) => one.user === user).map(({ code }) => code);

const without = (document: AccessDocument, user: string): AccessDocument => ({
  ...document,
  version: document.version + 1,
  principals: document.principals.map((one) => (one.user === user ? { ...one, enabled: false } : one)),
});

describe('a client that floods', () => {
  it('with thousands of subscriptions and hangs up ends nothing but itself, and people are told', async () => {
    await using broker = await startBroker();
    const beside = await honest(broker);
    const mark = `${broker.community}/${broker.edge}/mark`;
    for (let round = 0; round < 3; round++) {
      const client = await RawMqtt.login(broker.addresses.mqttPort, as(broker.edge));
      for (let i = 1; i <= 5000; i++) {
        client.send({ cmd: 'subscribe', messageId: i, subscriptions: [{ topic: mark, qos: 1 }] } as Packet);
      }
      client.socket.end();
      await client.closed();
    }
    const count = countTurns();
    expect((await beside.turnsPerPack(count.turns, 5)).length).toBe(5);
    count.end();
    expect(await misuseOf(broker, broker.edge)).toContain('broker.budget-exceeded');
    expect(broker.lines.some(({ code }) => code === 'broker.budget-exceeded')).toBe(true);
  });

  it('with unbounded budgets still ends no process: messages nobody listens for any more do not pile up calls', async () => {
    await using broker = await startBroker({}, { userBudgets: { subscribe: { burst: 1e6, perSecond: 1 } } });
    const beside = await honest(broker);
    const mark = `${broker.community}/${broker.edge}/mark`;
    const client = await RawMqtt.login(broker.addresses.mqttPort, as(broker.edge));
    client.send(publication(`${broker.community}/${broker.edge}/data`, packOf(broker.edge, 1)));
    for (let i = 1; i <= 5000; i++) {
      client.send({ cmd: 'subscribe', messageId: i, subscriptions: [{ topic: mark, qos: 1 }] } as Packet);
    }
    client.socket.end();
    await client.closed();
    const count = countTurns();
    await beside.turnsPerPack(count.turns, 5);
    count.end();
  });

  it('with statuses keeps nobody waiting, is cut, and is withdrawn while it goes on', async () => {
    await using broker = await startBroker({ penaltyMs: 1, penaltyMaxMs: 1 });
    const beside = await honest(broker);
    const watcher = await RawMqtt.login(broker.addresses.mqttPort, asService());
    watcher.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: `${broker.community}/+/status`, qos: 0 }],
    } as Packet);
    await watcher.until(() => watcher.packets.some(({ cmd }) => cmd === 'suback'));
    const count = countTurns();
    const calm = median(await beside.turnsPerPack(count.turns, 20));
    let [isOver, sent] = [false, 0];
    const topic = `${broker.community}/${broker.edge}/status`;
    const flood = async () => {
      while (!isOver) {
        const client = await RawMqtt.login(broker.addresses.mqttPort, as(broker.edge));
        while (!isOver && !client.isClosed) {
          for (let i = 0; i < 500; i++) client.send(publication(topic, statusOf(BOOT, ++sent), { retain: true }));
          await new Promise((resolve) => setImmediate(resolve));
        }
        client.socket.destroy();
      }
    };
    const flooding = flood();
    await watcher.until(() => sent > 5000);
    const underAttack = await beside.turnsPerPack(count.turns, 60);
    expect(await broker.putAccess(without(broker.document, broker.edge))).toBe(200);
    // Whoever gets the answer finds it done, with the flood going on.
    const { clients } = await broker.get<BrokerStatus>('/status');
    expect(clients.some(({ user }) => user === broker.edge)).toBe(false);
    isOver = true;
    await flooding;
    count.end();
    expect(sent).toBeGreaterThan(5000);
    // Each turn hands over a little of the flood; the number of turns is what it was.
    expect(median(underAttack)).toBeLessThanOrEqual(3 * calm + 10);
    // Last one wins: told on twice a second, not thousands of times.
    const told = watcher.packets.filter((packet) => packet.cmd === 'publish' && packet.topic === topic).length;
    expect(told).toBeLessThan(200);
    expect(await misuseOf(broker, broker.otherEdge)).toEqual([]);
  });

  it('comes back with the newest status of a flood, on the wire and after a restart', async () => {
    await using broker = await startBroker();
    const topic = `${broker.community}/${broker.edge}/status`;
    const client = await RawMqtt.login(broker.addresses.mqttPort, as(broker.edge));
    for (let n = 1; n <= 50; n++) client.send(publication(topic, statusOf(BOOT, n), { retain: true }));
    const watcher = await RawMqtt.login(broker.addresses.mqttPort, asService());
    watcher.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] } as Packet);
    const last = () => {
      const told = watcher.packets.filter((packet) => packet.cmd === 'publish').at(-1);
      return told?.cmd === 'publish' ? JSON.parse(told.payload.toString()).sinceMs : null;
    };
    await watcher.until(() => last() === 50);
  });

  it('with live values loses what nobody could look at, and says so once', async () => {
    await using broker = await startBroker({}, { userBudgets: { live: { burst: 100, perSecond: 1 } } });
    const watcher = await RawMqtt.login(broker.addresses.mqttPort, asService());
    const topic = `${broker.community}/${broker.edge}/live`;
    watcher.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] } as Packet);
    await watcher.until(() => watcher.packets.some(({ cmd }) => cmd === 'suback'));
    const client = await RawMqtt.login(broker.addresses.mqttPort, as(broker.edge));
    const live = JSON.stringify({ device: 'home-1', timeMs: 1, values: {} });
    for (let i = 0; i < 2000; i++) client.send(publication(topic, live, { qos: 0 }));
    client.send({ cmd: 'pingreq' } as Packet);
    await client.until(() => client.packets.some(({ cmd }) => cmd === 'pingresp'));
    expect(watcher.packets.filter(({ cmd }) => cmd === 'publish').length).toBeLessThan(150);
    expect(broker.lines.filter(({ code }) => code === 'broker.budget-exceeded')).toHaveLength(1);
    expect(client.isClosed).toBe(false);
  });
});

describe('an edge that sends more readings than a site has', () => {
  it('waits for each, with everything that is acknowledged in the log, and the honest one does not', async () => {
    const userBudgets = { data: { burst: 20_000, perSecond: 20_000 } };
    await using broker = await startBroker({}, { userBudgets });
    const beside = await honest(broker);
    const client = await RawMqtt.login(broker.addresses.mqttPort, as(broker.edge));
    const topic = `${broker.community}/${broker.edge}/data`;
    const size = packOf(broker.edge, 1).length;
    const count = Math.ceil(40_000 / size);
    const startedMs = performance.now();
    for (let seq = 1; seq <= count; seq++) {
      client.send(publication(topic, packOf(broker.edge, seq), { messageId: seq }));
    }
    const turns = countTurns();
    await beside.turnsPerPack(turns.turns, 3);
    turns.end();
    const acknowledged = () => client.packets.filter(({ cmd }) => cmd === 'puback').length;
    expect(acknowledged()).toBeLessThan(count);
    await client.until(() => acknowledged() === count);
    // 40 kB of which 20 are free: at 20 kB a second one second at least.
    expect(performance.now() - startedMs).toBeGreaterThan(800);
    const { marks } = await broker.get<BrokerStatus>('/status');
    expect(marks.find(({ edge }) => edge === broker.edge)?.seq).toBe(count);
    expect(await misuseOf(broker, broker.edge)).toEqual(['broker.budget-exceeded']);
  });
});

describe('strangers', () => {
  it('that are silent, from one address or in all, never keep a log-in out', async () => {
    await using broker = await startBroker({ strangersMax: 40, strangersPerAddressMax: 20, connectTimeoutMs: 60_000 });
    const { mqttPort } = broker.addresses;
    const silent = await Promise.all(Array.from({ length: 150 }, () => RawMqtt.open(mqttPort)));
    for (let i = 0; i < 5; i++) {
      const client = await RawMqtt.login(mqttPort, as(broker.edge));
      expect(client.returnCode).toBe(0);
      client.socket.destroy();
    }
    const held = () => silent.filter((client) => !client.isClosed).length;
    await silent[0]?.until(() => held() <= 20);
    // Those that have logged in are not counted with them.
    const edge = await RawMqtt.login(mqttPort, as(broker.edge));
    const more = await Promise.all(Array.from({ length: 60 }, () => RawMqtt.open(mqttPort)));
    await more[0]?.until(() => more.filter((client) => !client.isClosed).length <= 20);
    expect(edge.isClosed).toBe(false);
  });

  it('that never ask for a WebSocket do not keep one out', async () => {
    await using broker = await startBroker({ strangersMax: 20, strangersPerAddressMax: 10 });
    const { mqttWsPort } = broker.addresses;
    const silent = await Promise.all(Array.from({ length: 60 }, () => RawMqtt.open(mqttWsPort)));
    const socket = new WebSocket(`ws://127.0.0.1:${mqttWsPort}`, 'mqtt');
    await once(socket, 'open');
    socket.close();
    await silent[0]?.until(() => silent.filter((client) => !client.isClosed).length <= 10);
  });
});

describe('an edge that was cut and waits to be let in', () => {
  it('is not let in when its access is withdrawn meanwhile', async () => {
    await using broker = await startBroker({ penaltyMs: 1500 });
    const { mqttPort } = broker.addresses;
    const bad = await RawMqtt.login(mqttPort, as(broker.edge));
    for (let n = 0; n < 500; n++) bad.send({ cmd: 'pingreq' } as Packet);
    await bad.closed();
    const waiting = await RawMqtt.open(mqttPort);
    waiting.connect(as(broker.edge));
    const sentMs = performance.now();
    await waiting.until(() => performance.now() - sentMs > 200);
    expect(waiting.packets).toEqual([]);
    expect(await broker.putAccess(without(broker.document, broker.edge))).toBe(200);
    await waiting.closed();
    expect(waiting.returnCode).toBe(5);
  });
});

describe('two agents under one id', () => {
  const cloneLine = (broker: BrokerUnderTest) => broker.lines.find(({ code }) => code === 'broker.client-id-shared');

  it('are named when they throw each other out', async () => {
    await using broker = await startBroker();
    for (let i = 0; i < 6; i++) await RawMqtt.login(broker.addresses.mqttPort, as(broker.edge));
    expect(cloneLine(broker)?.message).toContain('two agents share this id');
    expect(await misuseOf(broker, broker.edge)).toEqual(['broker.client-id-shared']);
  });

  it('are named when a life comes back after another, and an agent that restarts or reconnects is not', async () => {
    await using broker = await startBroker();
    const topic = `${broker.community}/${broker.edge}/status`;
    const tell = async (boot: string) => {
      const client = await RawMqtt.login(broker.addresses.mqttPort, as(broker.edge));
      client.send(publication(topic, statusOf(boot), { retain: true }));
      await client.until(() => client.packets.some(({ cmd }) => cmd === 'puback'));
      client.socket.destroy();
      await client.closed();
    };
    for (const boot of ['a', 'a', 'b', 'c', 'c', 'd']) await tell(boot);
    expect(cloneLine(broker)).toBeUndefined();
    await tell('c');
    expect(cloneLine(broker)?.message).toContain('came back after another');
  });
});

describe('a session', () => {
  it('is its user’s: whoever is given that client id later begins with an empty one', async () => {
    await using broker = await startBroker();
    const { mqttPort } = broker.addresses;
    const person = (user: string) => ({
      user,
      role: 'operator' as const,
      secretHash: broker.document.principals[0]?.secretHash ?? '',
      enabled: true,
    });
    const before = [...broker.document.principals, person('ann')];
    expect(await broker.putAccess({ ...broker.document, version: 2, principals: before })).toBe(200);
    const ann = await RawMqtt.login(mqttPort, as('ann', { clientId: 'ann-b-1', clean: false }));
    const filter = `${broker.community}/+/status`;
    ann.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] } as Packet);
    await ann.until(() => ann.packets.some(({ cmd }) => cmd === 'suback'));
    ann.socket.destroy();
    await ann.closed();
    expect(await broker.putAccess({ ...broker.document, version: 3, principals: [...before, person('ann-b')] })).toBe(
      200,
    );
    const other = await RawMqtt.login(mqttPort, as('ann-b', { clientId: 'ann-b-1', clean: false }));
    expect(other.packets[0]).toMatchObject({ cmd: 'connack', returnCode: 0, sessionPresent: false });
  });
});

describe('what one client may leave behind', () => {
  it('ends with its connection at a hundred QoS 2 handshakes left half open', async () => {
    await using broker = await startBroker();
    const client = await RawMqtt.login(broker.addresses.mqttPort, as(broker.edge));
    const topic = `${broker.community}/${broker.edge}/live`;
    const live = JSON.stringify({ device: 'home-1', timeMs: 1, values: {} });
    for (let id = 1; id <= 2000; id++) client.send(publication(topic, live, { qos: 2, messageId: id }));
    await client.closed();
    expect(client.packets.filter(({ cmd }) => cmd === 'pubrec').length).toBeLessThanOrEqual(100);
    const beside = await honest(broker);
    const count = countTurns();
    expect(await beside.turnsPerPack(count.turns, 1)).toHaveLength(1);
    count.end();
  });

  it('is a bounded queue for a session that is away, the oldest of it kept', async () => {
    await using broker = await startBroker({ sessionMessagesMax: 20, latestMs: 1 }, { userBudgets: FREE });
    const { mqttPort } = broker.addresses;
    const filter = `${broker.community}/+/live`;
    const away = await RawMqtt.login(mqttPort, as('olga', { clientId: 'olga-away', clean: false }));
    away.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] } as Packet);
    await away.until(() => away.packets.some(({ cmd }) => cmd === 'suback'));
    away.socket.destroy();
    await away.closed();
    const edge = await RawMqtt.login(mqttPort, as(broker.edge));
    for (let n = 1; n <= 300; n++) {
      const live = JSON.stringify({ device: 'home-1', timeMs: n, values: {} });
      edge.send(publication(`${broker.community}/${broker.edge}/live`, live, { messageId: n }));
    }
    await edge.until(() => edge.packets.filter(({ cmd }) => cmd === 'puback').length === 300);
    const back = await RawMqtt.login(mqttPort, as('olga', { clientId: 'olga-away', clean: false }));
    back.send({ cmd: 'pingreq' } as Packet);
    await back.until(() => back.packets.some(({ cmd }) => cmd === 'pingresp'));
    await back.until(() => back.packets.filter(({ cmd }) => cmd === 'publish').length === 20);
  });
});
