import { once } from 'node:events';
import { connect } from 'node:net';
import { accept } from '@commonworks/core';
import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { MQTT_LIMITS } from './limits.ts';
import { listenTcp } from './listeners.ts';
import { MqttBroker } from './mqtt-broker.ts';
import { USER_BUDGETS } from './user-budgets.ts';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function openBroker() {
  const broker = new MqttBroker({
    ...{ limits: MQTT_LIMITS, budgets: USER_BUDGETS, now: Date.now, elapsedMs: () => performance.now(), log: SILENT },
    hooks: {
      login: async () => accept({ user: 'q', role: 'service', secretHash: '' }),
      stands: () => true,
      mayPublish: () => accept({ community: 'c', edge: 'e', channel: 'live' }),
      maySubscribe: (_principal, filter) => accept(filter),
      receive: () => 'deliver',
      subscribed: () => undefined,
      refused: () => undefined,
      admitted: () => undefined,
      misdeed: () => undefined,
      isFull: () => false,
    },
  });
  await broker.listen();
  const listener = await listenTcp(broker, '127.0.0.1', 0);
  const close = async () => {
    await broker.close();
    await listener.close();
  };
  return { broker, port: listener.port, [Symbol.asyncDispose]: close };
}

describe('messages for somebody who has hung up', () => {
  it('are let go one after another, however many there are', async () => {
    await using opened = await openBroker();
    const { broker, port } = opened;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const send = (packet: Packet) => socket.write(generate(packet));
    send({ cmd: 'connect', clientId: 'q', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60 });
    await once(socket, 'data');
    send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'c/e/live', qos: 0 }] } as Packet);
    await once(socket, 'data');
    // In one turn, so that all of them wait while it is still there.
    for (let n = 0; n < 10_000; n++) broker.publish('c/e/live', '{}', { qos: 0, retain: false });
    socket.destroy();
    await once(socket, 'close');
    const again = connect(port, '127.0.0.1');
    await once(again, 'connect');
    again.write(
      generate({ cmd: 'connect', clientId: 'q', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60 }),
    );
    const [connack] = (await once(again, 'data')) as [Buffer];
    expect([...connack]).toEqual([0x20, 2, 0, 0]);
    again.destroy();
  });
});
