/** Asks the hub for its time, several rounds at once and again every few minutes, over one connection to the broker. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bestOf, type HubOffset, offsetOf } from '@commonworks/clock/hub-offset.ts';
import { edgeTopic, TimeAnswer, type TimeRequest } from '@commonworks/core';
import type { MqttClient } from 'mqtt';
import { Value } from 'typebox/value';

export type TimeExchangePorts = {
  readonly monotonicMs: () => number;
  readonly onMeasured: (hub: HubOffset) => void;
  /** Nobody answered: behind a broker that is not ours nobody may. */
  readonly onSilence: () => void;
};

export type TimeExchange = {
  /** Asks at once, whenever the last time was. */
  readonly measure: () => void;
  readonly end: () => void;
};

const ROUNDS = 8;
/** An answer that took longer would bound the error by two seconds at best: it says nothing. */
const ANSWER_MAX_MS = 4000;
/** A single message of QoS 0 may be lost; two in a row are silence. */
const LOST_MAX = 2;
const PERIOD_MS = 300_000;
/** Asked again this soon after silence, or after a measurement on a wire that was busy. */
const RETRY_MS = 30_000;
const ERROR_GOOD_MS = 500;

export type TimeExchangeOptions = {
  readonly community: string;
  readonly edge: string;
  readonly ports: TimeExchangePorts;
};

export function startTimeExchange(client: MqttClient, options: TimeExchangeOptions): TimeExchange {
  const { community, edge, ports } = options;
  const topic = edgeTopic(community, edge, 'time');
  const ended = new AbortController();
  let wake = new AbortController();
  const rounds = createRounds(client, options);
  client.on('message', (name, payload) => {
    if (name === topic) rounds.hear(payload, ports.monotonicMs());
  });
  const run = async () => {
    while (!ended.signal.aborted) {
      wake = new AbortController();
      const hub = await measure(rounds, ended.signal);
      if (ended.signal.aborted) return;
      if (hub === null) ports.onSilence();
      else ports.onMeasured(hub);
      const restMs = hub !== null && hub.errorMs <= ERROR_GOOD_MS ? PERIOD_MS : RETRY_MS;
      const signal = AbortSignal.any([ended.signal, wake.signal]);
      await sleep(restMs, undefined, { signal }).catch(() => undefined);
    }
  };
  // A broker that does not know the topic refuses it, and might end the connection over the question.
  client.subscribe(topic, { qos: 0 }, (error, granted) => {
    const isGranted = !error && granted?.some(({ qos }) => qos < 128) === true;
    if (isGranted) void run();
    else if (!ended.signal.aborted) ports.onSilence();
  });
  return { measure: () => wake.abort(), end: () => ended.abort() };
}

type Rounds = ReturnType<typeof createRounds>;

/** One question at a time, and the answer with its id: an older one that comes late is nobody's. */
function createRounds(client: MqttClient, { community, edge, ports }: TimeExchangeOptions) {
  let waiting: { readonly id: string; readonly resolve: (hub: HubOffset) => void } | null = null;
  const topic = edgeTopic(community, edge, 'ask');
  return {
    hear: (payload: Uint8Array, arrivedMs: number) => {
      const answer = parseAnswer(payload);
      if (answer !== null && answer.id === waiting?.id) waiting.resolve(offsetOf(answer, arrivedMs));
    },
    /** Null when no answer came in time. */
    ask: async (signal: AbortSignal): Promise<HubOffset | null> => {
      const { promise, resolve } = Promise.withResolvers<HubOffset>();
      const request: TimeRequest = { id: randomUUID(), sentMs: ports.monotonicMs() };
      waiting = { id: request.id, resolve };
      client.publish(topic, JSON.stringify(request), { qos: 0 });
      const answered = new AbortController();
      const patience = sleep(ANSWER_MAX_MS, null, { signal: AbortSignal.any([signal, answered.signal]) });
      const hub = await Promise.race([promise, patience.catch(() => null)]);
      answered.abort();
      waiting = null;
      return hub;
    },
  };
}

async function measure(rounds: Rounds, signal: AbortSignal): Promise<HubOffset | null> {
  const measured: HubOffset[] = [];
  let lost = 0;
  for (let i = 0; i < ROUNDS && lost < LOST_MAX && !signal.aborted; i++) {
    const hub = await rounds.ask(signal);
    if (hub === null) lost += 1;
    else measured.push(hub);
  }
  return bestOf(measured);
}

function parseAnswer(payload: Uint8Array): TimeAnswer | null {
  if (payload.byteLength > 1024) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return Value.Check(TimeAnswer, value) ? value : null;
  } catch {
    return null;
  }
}
