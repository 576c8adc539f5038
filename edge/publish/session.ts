/** One connection to the broker: packs out, marks and commands in. */
import { edgeTopic, MarkMessage, MESSAGE_LIMITS, parseEdgeTopic, SignedCommand } from '@commonworks/core';
import type { MqttClient } from 'mqtt';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { createPump, type Pump, type PumpPorts } from './pump.ts';

export type SessionPorts = Pick<PumpPorts, 'read' | 'readWanted'> & {
  readonly onMark: (mark: MarkMessage) => Promise<boolean>;
  readonly onCommand: (command: SignedCommand) => void;
};

export type SessionOptions = {
  readonly community: string;
  readonly edge: string;
  readonly ports: SessionPorts;
  /** Nothing is sent before the first mark was applied, or this time is over: behind a foreign broker none may come. */
  readonly firstMarkMs: number;
};

export function startSession(client: MqttClient, options: SessionOptions): Pump {
  const { community, edge, ports, firstMarkMs } = options;
  const topic = edgeTopic(community, edge, 'data');
  const first = Promise.withResolvers<void>();
  if (firstMarkMs === 0) first.resolve();
  else setTimeout(first.resolve, firstMarkMs).unref();
  const pump = createPump({
    read: async (afterN, limit) => {
      await first.promise;
      return ports.read(afterN, limit);
    },
    readWanted: ports.readWanted,
    send: (pack, done) => {
      client.publish(topic, pack.body, { qos: 1 }, (error) => done(!error));
    },
    onFault: () => client.end(true),
  });
  const onMark = async (mark: MarkMessage) => {
    const isOwn = await ports.onMark(mark);
    if (isOwn) first.resolve();
    return isOwn;
  };
  client.on('message', (name, payload) => receive(name, payload, { ...ports, onMark }));
  client.subscribe([edgeTopic(community, edge, 'mark'), edgeTopic(community, edge, 'cmd')], { qos: 1 }, pump.wake);
  return pump;
}

function receive(name: string, payload: Uint8Array, ports: SessionPorts): void {
  const channel = parseEdgeTopic(name)?.channel;
  if (channel === 'mark') {
    const mark = parseJson(payload, MarkMessage) as MarkMessage | null;
    if (mark !== null) void ports.onMark(mark);
  } else if (channel === 'cmd') {
    const command = parseJson(payload, SignedCommand) as SignedCommand | null;
    if (command !== null) ports.onCommand(command);
  }
}

function parseJson(payload: Uint8Array, schema: TSchema): unknown {
  if (payload.byteLength > MESSAGE_LIMITS.commandBytes) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return Value.Check(schema, value) ? value : null;
  } catch {
    return null;
  }
}
