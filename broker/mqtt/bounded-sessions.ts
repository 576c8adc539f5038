/** Bounds what aedes keeps in memory for persistent sessions: messages, bytes and time away. */
import type { Aedes, AedesPublishPacket, Client } from 'aedes';
import type { Principal } from '../access/credentials.ts';
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

export type BoundSessions = {
  /** A session is its user's: whoever else may use that client id now begins with an empty one. */
  readonly claim: (clientId: string, principal: Principal) => Promise<void>;
  /** Drops the sessions of these users. */
  readonly forgetThose: (isMeant: (principal: Principal) => boolean) => void;
  readonly stop: () => void;
};

export function boundSessions(aedes: Aedes, limits: MqttLimits): BoundSessions {
  const sessions = (aedes as unknown as { persistence: Sessions }).persistence;
  const queues = new Map<string, Queue>();
  const awaySince = new Map<string, number>();
  const owners = new Map<string, Principal>();
  boundEnqueue(sessions, queues, limits);
  countClears(sessions, queues);
  aedes.on('clientReady', (client: Client) => awaySince.delete(client.id));
  aedes.on('clientDisconnect', (client: Client) => {
    if (client.clean) owners.delete(client.id);
    else awaySince.set(client.id, performance.now());
  });
  const drop = (id: string) => {
    awaySince.delete(id);
    owners.delete(id);
    return forget(sessions, id);
  };
  const sweep = setInterval(() => {
    for (const [id, sinceMs] of awaySince) if (performance.now() - sinceMs >= limits.sessionAwayMs) void drop(id);
  }, SWEEP_MS).unref();
  return {
    claim: async (clientId, principal) => {
      const owner = owners.get(clientId);
      if (owner !== undefined && owner.user !== principal.user) await drop(clientId);
      if (clientId !== '') owners.set(clientId, principal);
    },
    forgetThose: (isMeant) => {
      for (const [clientId, principal] of [...owners]) if (isMeant(principal)) void drop(clientId);
    },
    stop: () => clearInterval(sweep),
  };
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
