/** Random orders of subscribing, publishing, confirming and hanging up: the process lives, and the honest edge is served. */
import fc from 'fast-check';
import type { Packet } from 'mqtt-packet';
import { describe, it } from 'vitest';
import { as, countTurns, honest } from './broker/attack.ts';
import { type BrokerUnderTest, startBroker } from './broker/broker-under-test.ts';
import { RawMqtt } from './broker/raw-mqtt.ts';
import { seedOf } from './setup/seed.ts';

/** Any order of what a client may do, also nonsense, and hanging up in the middle. */
const step = (broker: BrokerUnderTest) => {
  const own = `${broker.community}/${broker.edge}`;
  const topic = fc.constantFrom(
    `${own}/mark`,
    `${own}/cmd`,
    `${own}/time`,
    `${own}/data`,
    `${own}/live`,
    `${own}/status`,
    '#',
    'a#',
    '$SYS/x',
  );
  const messageId = fc.integer({ min: 1, max: 65_535 });
  return fc.oneof(
    fc.record({
      cmd: fc.constant('subscribe'),
      messageId,
      subscriptions: fc.array(fc.record({ topic, qos: fc.integer({ min: 0, max: 2 }) }), {
        minLength: 1,
        maxLength: 30,
      }),
    }),
    fc.record({
      cmd: fc.constant('unsubscribe'),
      messageId,
      unsubscriptions: fc.array(topic, { minLength: 1, maxLength: 30 }),
    }),
    fc.record({
      cmd: fc.constant('publish'),
      messageId,
      topic,
      qos: fc.integer({ min: 0, max: 2 }),
      retain: fc.boolean(),
      dup: fc.boolean(),
      payload: fc.string({ maxLength: 200 }),
    }),
    fc.record({ cmd: fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'), messageId }),
    fc.constant({ cmd: 'pingreq' }),
  );
};

describe('any order of packets', () => {
  it('leaves the process alive and the honest edge served', async () => {
    const minutes = process.env['LONG'] === '1' ? 5 : 0;
    const end = performance.now() + minutes * 60_000;
    let seed = seedOf('PACKETS_SEED');
    await using broker = await startBroker({ penaltyMs: 1, penaltyMaxMs: 1 });
    const beside = await honest(broker);
    const count = countTurns();
    do {
      const scripts = fc.sample(fc.array(step(broker), { maxLength: 200 }), { seed: seed++, numRuns: 60 });
      for (const script of scripts) {
        const client = await RawMqtt.login(
          broker.addresses.mqttPort,
          as(broker.edge, { clean: script.length % 2 === 0 }),
        );
        for (const packet of script) {
          try {
            client.send(packet as Packet);
          } catch {
            // The writer of this test refuses what MQTT does not know.
          }
        }
        // Some hang up at once, some after what they sent was looked at.
        if (script.length % 3 === 0) client.socket.destroy();
        else client.socket.end();
        await client.closed();
      }
      await beside.turnsPerPack(count.turns, 3);
    } while (performance.now() < end);
    count.end();
  }, 600_000);
});
