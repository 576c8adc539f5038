/** One connection to the broker: packs in sequence, at most sixteen under way, marks and commands in. */
import { edgeTopic, MarkMessage, parseEdgeTopic, SignedCommand } from '@commonworks/core';
import type { MqttClient } from 'mqtt';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { KeptPack } from '../outbox/outbox.ts';

export type SessionPorts = {
  readonly read: (afterN: number, limit: { packs: number; bytes: number }) => Promise<KeptPack[]>;
  readonly onMark: (mark: MarkMessage) => void;
  readonly onCommand: (command: SignedCommand) => void;
};

export type Session = {
  /** There is something new to send. */
  readonly wake: () => void;
  /** Begins again at the oldest pack the outbox still holds. */
  readonly rewind: () => void;
  /** Packs acknowledged by the broker in this session; with an external broker that is no promise. */
  readonly acknowledged: () => number;
  readonly end: () => void;
};

const IN_FLIGHT_MAX = 16;
const READ_LIMIT = { packs: 64, bytes: 262_144 };

export type SessionOptions = { readonly community: string; readonly edge: string; readonly ports: SessionPorts };

export function startSession(client: MqttClient, options: SessionOptions): Session {
  const { community, edge, ports } = options;
  const topic = edgeTopic(community, edge, 'data');
  const state = {
    cursorN: 0,
    inFlight: 0,
    acknowledged: 0,
    rewinds: 0,
    isEnded: false,
    isPumping: false,
    wantsPump: false,
  };

  const send = (pack: KeptPack) => {
    state.inFlight += 1;
    state.cursorN = pack.n;
    client.publish(topic, pack.body, { qos: 1 }, (error) => {
      state.inFlight -= 1;
      // Without an acknowledgement the connection is broken: the next session begins at the mark.
      if (error) return;
      state.acknowledged += 1;
      void pump();
    });
  };
  const pump = async (): Promise<void> => {
    state.wantsPump = true;
    if (state.isPumping) return;
    state.isPumping = true;
    try {
      while (state.wantsPump && !state.isEnded) {
        state.wantsPump = false;
        await sendSome();
      }
    } catch {
      client.end(true);
    } finally {
      state.isPumping = false;
    }
  };
  let ahead: KeptPack[] = [];
  const sendSome = async () => {
    while (!state.isEnded && state.inFlight < IN_FLIGHT_MAX) {
      if (ahead.length === 0) {
        const { rewinds } = state;
        const read = await ports.read(state.cursorN, READ_LIMIT);
        // A rewind meanwhile makes what was read obsolete.
        if (rewinds !== state.rewinds) continue;
        ahead = read;
      }
      const next = ahead.shift();
      if (next === undefined) return;
      send(next);
    }
  };
  client.on('message', (name, payload) => receive(name, payload, ports));
  client.subscribe([edgeTopic(community, edge, 'mark'), edgeTopic(community, edge, 'cmd')], { qos: 1 }, () => {
    void pump();
  });
  return {
    wake: () => void pump(),
    rewind: () => {
      ahead = [];
      state.cursorN = 0;
      state.rewinds += 1;
      void pump();
    },
    acknowledged: () => state.acknowledged,
    end: () => {
      state.isEnded = true;
    },
  };
}

function receive(name: string, payload: Uint8Array, ports: SessionPorts): void {
  const channel = parseEdgeTopic(name)?.channel;
  if (channel === 'mark') {
    const mark = parseJson(payload, MarkMessage) as MarkMessage | null;
    if (mark !== null) ports.onMark(mark);
  } else if (channel === 'cmd') {
    const command = parseJson(payload, SignedCommand) as SignedCommand | null;
    if (command !== null) ports.onCommand(command);
  }
}

function parseJson(payload: Uint8Array, schema: TSchema): unknown {
  if (payload.byteLength > 16_384) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return Value.Check(schema, value) ? value : null;
  } catch {
    return null;
  }
}
