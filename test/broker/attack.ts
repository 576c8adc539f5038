/** What one bad client and the honest edge beside it need: log-ins, packets, and a count of turns. */
import { randomUUID } from 'node:crypto';
import { encodePack } from '@commonworks/core';
import type { IConnectPacket, Packet } from 'mqtt-packet';
import { expect } from 'vitest';
import { type BrokerUnderTest, SECRET, SERVICE_TOKEN } from './broker-under-test.ts';
import { RawMqtt } from './raw-mqtt.ts';

export const EPOCH = randomUUID();
export const BOOT = randomUUID();

export const as = (user: string, more: Partial<IConnectPacket> = {}): Partial<IConnectPacket> => ({
  clientId: user,
  username: user,
  password: Buffer.from(SECRET),
  ...more,
});
export const asService = (more: Partial<IConnectPacket> = {}): Partial<IConnectPacket> => ({
  clientId: `service-${randomUUID()}`,
  username: 'service',
  password: Buffer.from(SERVICE_TOKEN),
  ...more,
});

export const FREE = { live: { burst: 1e6, perSecond: 1 } };

export const statusOf = (boot: string, n = 0) =>
  JSON.stringify({ state: 'online', sinceMs: n, boot, version: '1', backlog: n });

export function packOf(edge: string, seq: number): string {
  const sample = {
    device: 'home-1',
    point: 'activePowerW',
    timeMs: Date.now() - seq,
    value: seq,
    quality: 'good',
  } as const;
  return encodePack({ edge, epoch: EPOCH, seq, boot: BOOT, samples: [sample], events: [] });
}

export const publication = (topic: string, payload: string, more: Partial<Packet> = {}) =>
  ({ cmd: 'publish', topic, payload, qos: 1, messageId: 1, retain: false, dup: false, ...more }) as Packet;

/** Counts the turns of the event loop that broker and clients share here. */
export function countTurns(): { readonly turns: () => number; readonly end: () => void } {
  let [turns, isEnded] = [0, false];
  const tick = () => {
    turns += 1;
    if (!isEnded) setImmediate(tick);
  };
  tick();
  return {
    turns: () => turns,
    end: () => {
      isEnded = true;
    },
  };
}

/** An honest edge that sends a pack at a time and counts the turns until each is acknowledged. */
export async function honest(broker: BrokerUnderTest) {
  const client = await RawMqtt.login(broker.addresses.mqttPort, as(broker.otherEdge));
  let seq = 0;
  return {
    client,
    async turnsPerPack(turns: () => number, count: number): Promise<number[]> {
      const waited: number[] = [];
      for (let i = 0; i < count; i++) {
        const acks = () => client.packets.filter(({ cmd }) => cmd === 'puback').length;
        const [before, startedAt] = [acks(), turns()];
        seq += 1;
        client.send(publication(`${broker.community}/${broker.otherEdge}/data`, packOf(broker.otherEdge, seq)));
        await client.until(() => acks() > before || client.isClosed);
        expect(client.isClosed).toBe(false);
        waited.push(turns() - startedAt);
      }
      return waited;
    },
  };
}
