/** Bounds what aedes keeps in memory for persistent sessions: messages, bytes and time away. */
import type { Aedes, AedesPublishPacket, Client } from 'aedes';
import type { MqttLimits } from './limits.ts';

type Subscriber = { readonly clientId: string };
type Outgoing = { readonly messageId?: number; readonly payload?: Buffer | string } | undefined;

/** The part of aedes-persistence 11 that queues; aedes is pinned exactly, since this is its inner side. */
type Sessions = {
  outgoingEnqueueCombi(subscribers: Subscriber[], packet: AedesPublishPacket): Promise<void>;
  outgoingClearMessageId(client: { id: string }, packet: { messageId?: number }): Promise<Outgoing>;
  outgoingStream(client: { id: string }): AsyncIterable<{ messageId?: number }>;
  cleanSubscriptions(client: { id: string }): Promise<void>;
};

type Queue = { messages: number; bytes: number };

const SWEEP_MS = 3_600_000;

/** Returns how to stop the sweep. */
export function boundSessions(aedes: Aedes, limits: MqttLimits): () => void {
  const sessions = (aedes as unknown as { persistence: Sessions }).persistence;
  const queues = new Map<string, Queue>();
  const awaySince = new Map<string, number>();
  boundEnqueue(sessions, queues, limits);
  countClears(sessions, queues);
  aedes.on('clientReady', (client: Client) => awaySince.delete(client.id));
  aedes.on('clientDisconnect', (client: Client) => {
    if (!client.clean) awaySince.set(client.id, performance.now());
  });
  const sweep = setInterval(() => {
    for (const [id, sinceMs] of awaySince) {
      if (performance.now() - sinceMs < limits.sessionAwayMs) continue;
      awaySince.delete(id);
      void forget(sessions, id);
    }
  }, SWEEP_MS).unref();
  return () => clearInterval(sweep);
}

function boundEnqueue(sessions: Sessions, queues: Map<string, Queue>, limits: MqttLimits): void {
  const enqueue = sessions.outgoingEnqueueCombi.bind(sessions);
  sessions.outgoingEnqueueCombi = (subscribers, packet) => {
    const size = packet.payload.length;
    const open = subscribers.filter(({ clientId }) => {
      const queue = queues.get(clientId) ?? { messages: 0, bytes: 0 };
      if (queue.messages >= limits.sessionMessagesMax || queue.bytes + size > limits.sessionBytesMax) return false;
      queues.set(clientId, { messages: queue.messages + 1, bytes: queue.bytes + size });
      return true;
    });
    return enqueue(open, packet);
  };
}

function countClears(sessions: Sessions, queues: Map<string, Queue>): void {
  const clear = sessions.outgoingClearMessageId.bind(sessions);
  sessions.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    const queue = queues.get(client.id);
    if (cleared !== undefined && queue !== undefined) {
      queue.messages -= 1;
      queue.bytes -= cleared.payload?.length ?? 0;
      if (queue.messages <= 0) queues.delete(client.id);
    }
    return cleared;
  };
}

async function forget(sessions: Sessions, id: string): Promise<void> {
  await sessions.cleanSubscriptions({ id });
  for await (const packet of sessions.outgoingStream({ id })) await sessions.outgoingClearMessageId({ id }, packet);
}
