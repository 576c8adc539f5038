/** aedes 1.2.0, hardened: the one module that knows its hooks and its gaps. */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, EdgeTopic, Result } from '@commonworks/core';
import { CodedError } from '@commonworks/core';
import type { Client, ConnectPacket, PublishPacket, Subscription } from 'aedes';
import { Aedes } from 'aedes';
import type { Login, Principal } from '../access/credentials.ts';
import type { Refused } from '../access/login-refusals.ts';
import type { Misdeed } from '../access/misuse.ts';
import type { Publication } from '../access/topic-rules.ts';
import type { BrokerLog } from '../broker-log.ts';
import { type BoundSessions, boundSessions } from './bounded-sessions.ts';
import { claimedId } from './claimed-id.ts';
import { ConnectionGuard } from './connection-guard.ts';
import type { MqttLimits } from './limits.ts';
import { LogIns } from './log-ins.ts';
import { Manners } from './manners.ts';
import { packetFault } from './packet-rules.ts';
import { Strangers } from './strangers.ts';
import { isValidTopic } from './topic-filter.ts';
import { BUDGET_WORDS, type BudgetName, type UserBudgetsTable } from './user-budgets.ts';

/** `swallow`: acknowledged, but forwarded to nobody. */
export type Disposition = 'deliver' | 'swallow';

export type Received = {
  readonly topic: EdgeTopic;
  readonly payload: Uint8Array;
  readonly isRetained: boolean;
};

export type MqttHooks = {
  readonly login: (login: Login) => Promise<Result<Principal>>;
  /** Whether it is still what the access document says. */
  readonly stands: (principal: Principal) => boolean;
  readonly mayPublish: (principal: Principal, publication: Publication) => Result<EdgeTopic>;
  readonly maySubscribe: (principal: Principal, filter: string) => Result<string>;
  /** QoS 1 is acknowledged when it resolves; a rejection closes the connection without acknowledgement. */
  readonly receive: (received: Received) => Disposition | Promise<Disposition>;
  readonly subscribed: (filter: string) => void;
  /** A connection was not let in, or cut for what it did. */
  readonly refused: (refused: Refused) => void;
  readonly admitted: (user: string) => void;
  /** Somebody enrolled was cut or held back for what it did. */
  readonly misdeed: (misdeed: Misdeed) => void;
  readonly isFull: () => boolean;
};

export type MqttOptions = {
  readonly hooks: MqttHooks;
  readonly limits: MqttLimits;
  readonly budgets: UserBudgetsTable;
  readonly log: BrokerLog;
  readonly now: Clock;
  readonly elapsedMs: () => number;
};

export type ConnectedClient = { readonly principal: Principal; readonly clientId: string; readonly sinceMs: number };

type Connection = {
  readonly conn: Duplex;
  readonly guard: ConnectionGuard;
  readonly address: string;
  connect: ConnectPacket | null;
  principal: Principal | null;
  sinceMs: number;
  readonly hasSpoken: boolean;
};

/** Which budget a kind of packet is taken from; what is not named here is bounded otherwise. */
const PACKET_BUDGETS: Readonly<Record<string, BudgetName>> = {
  subscribe: 'subscribe',
  unsubscribe: 'subscribe',
  pingreq: 'ping',
  puback: 'confirm',
  pubrec: 'confirm',
  pubrel: 'confirm',
  pubcomp: 'confirm',
};

export class MqttBroker {
  readonly #aedes: Aedes;
  readonly #options: MqttOptions;
  readonly #open = new Set<Connection>();
  readonly #strangers: Strangers<Connection>;
  /** Outlives the socket: a will is judged after its connection has closed. */
  readonly #byConn = new WeakMap<Duplex, Connection>();
  readonly #byClientId = new Map<string, Connection>();
  readonly #manners: Manners;
  readonly #logIns: LogIns;
  #sessions: BoundSessions | null = null;
  #isClosing = false;

  constructor(options: MqttOptions) {
    this.#options = options;
    const { limits } = options;
    this.#strangers = new Strangers(limits);
    this.#manners = new Manners({ ...options, misdeed: options.hooks.misdeed });
    this.#logIns = new LogIns({
      ...options,
      manners: this.#manners,
      addressOf: (clientId) => this.#byClientId.get(clientId)?.address ?? null,
      claim: async (clientId, principal) => await this.#sessions?.claim(clientId, principal),
      admitted: (connection) => this.#strangers.leave(connection as Connection),
    });
    this.#aedes = new Aedes({
      // No queue inside the emitter: it is unbounded, and it empties itself by calling itself, which ends the process when
      // thousands of messages wait that nobody listens for any more. What may wait is bounded at each connection instead.
      concurrency: 0,
      connectTimeout: limits.connectTimeoutMs,
      drainTimeout: limits.slowMs,
      maxInflightInbound: limits.halfOpenMax,
      maxTopicLevels: limits.topicLevelsMax,
      preConnect: (client, packet, done) => {
        const fault = this.#examine(client, packet);
        done(fault, fault === null);
      },
      authenticate: (client, user, secret, done) =>
        void this.#logIns.answer(this.#connection(client), { user, secret }, done),
      authorizePublish: (client, packet, done) => {
        const outcome = this.#take(client, packet);
        if (outcome instanceof Promise) void outcome.then(done);
        else done(outcome);
      },
      authorizeSubscribe: (client, subscription, done) =>
        done(null, this.#maySubscribe(client, subscription) ? subscription : null),
      authorizeForward: (client, packet) => (this.#mayForward(client, packet) ? packet : null),
    });
  }

  async listen(): Promise<void> {
    await this.#aedes.listen();
    this.#sessions = boundSessions(this.#aedes, this.#options.limits);
    this.#aedes.on('clientReady', (client) => this.#ready(client));
    this.#aedes.on('subscribe', (subscriptions) => {
      for (const { topic, qos } of subscriptions) if (Number(qos) < 128) this.#options.hooks.subscribed(topic);
    });
  }

  /** Hands over a new connection; `address` is the peer's. */
  attach(conn: Duplex, address: string, request?: IncomingMessage): void {
    const { limits, log, hooks } = this.#options;
    if (this.#isClosing || this.#open.size - this.#strangers.size >= limits.connectionsMax) {
      conn.destroy();
      return;
    }
    let client: Client | null = null;
    const guard = new ConnectionGuard(conn, {
      limits,
      isLoggedIn: () => (client as { connackSent?: boolean } | null)?.connackSent === true,
      isFull: hooks.isFull,
      onCut: (code, reason) => {
        log.warn({ code, address, client: client?.id }, `MQTT connection cut: ${reason}`);
        const user = connection.principal?.user;
        hooks.refused({ names: [user ?? claimedId(guard.firstBytes) ?? ''], address, code, reason });
        if (user !== undefined) hooks.misdeed({ user, code, reason, address });
      },
    });
    const connection = newConnection({ conn, guard, address });
    this.#open.add(connection);
    this.#byConn.set(conn, connection);
    conn.on('close', () => this.#forget(connection));
    conn.on('error', () => conn.destroy());
    const crowdedOut = this.#strangers.admit(connection);
    if (crowdedOut !== null) {
      log.warn(
        { code: 'broker.strangers-full', address },
        'too many connections that do not log in: the oldest are cut',
      );
      crowdedOut.conn.destroy();
    }
    client = this.#aedes.handle(conn, request);
    watchPackets(client, guard, (cmd) => this.#spendOn(connection, cmd));
    // A full socket must not hold one of the emitter's slots, or all wait for it; the guard bounds what is unsent.
    Object.assign(client, { waitForDrain: (done: () => void) => setImmediate(done) });
  }

  publish(topic: string, payload: string, options: { qos: 0 | 1; retain: boolean }): void {
    const packet: PublishPacket = { cmd: 'publish', topic, payload: Buffer.from(payload), dup: false, ...options };
    this.#aedes.publish(packet, () => undefined);
  }

  clients(): ConnectedClient[] {
    return [...this.#byClientId].flatMap(([clientId, { principal, sinceMs }]) =>
      principal === null ? [] : [{ principal, clientId, sinceMs }],
    );
  }

  /** Cuts every connection whose principal no longer stands, and forgets the sessions of such. */
  revoke(stands: (principal: Principal) => boolean): number {
    let cut = 0;
    this.#sessions?.forgetThose((principal) => !stands(principal));
    for (const { principal, guard } of [...this.#open]) {
      if (principal === null || stands(principal)) continue;
      guard.cut('broker.login-refused', 'its access was withdrawn');
      cut += 1;
    }
    return cut;
  }

  /** What has happened is taken from the user's budget; beyond it its connections end. */
  spend(user: string, name: BudgetName, amount = 1): boolean {
    if (this.#manners.spend(user, name, amount)) return true;
    for (const { principal, guard } of [...this.#open]) {
      if (principal?.user === user) guard.cut('broker.budget-exceeded', BUDGET_WORDS[name]);
    }
    return false;
  }

  /** For messages that may be lost: false when there are too many. Nobody is cut. */
  mayLose(user: string, name: BudgetName): boolean {
    return !this.#manners.isWithin(user, name);
  }

  /** How long what a user sent has to wait before it is taken, milliseconds. */
  pace(user: string, name: BudgetName, amount: number): number {
    return this.#manners.pace(user, name, amount);
  }

  /** An agent has said which of its lives it is. */
  toldBoot(user: string, boot: string): void {
    this.#manners.toldBoot(user, boot);
  }

  /** Room again: everybody who was held back may be read. */
  wakeAll(): void {
    for (const { guard } of this.#open) guard.wake();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#sessions?.stop();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const { conn } of this.#open) conn.destroy();
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    this.#strangers.leave(connection);
    const id = clientIdOf(connection);
    if (this.#byClientId.get(id) === connection) this.#byClientId.delete(id);
  }

  #connection(client: Client | null): Connection | null {
    return client === null ? null : (this.#byConn.get(client.conn) ?? null);
  }

  #spendOn({ principal, guard }: Connection, cmd: string): void {
    const budget = PACKET_BUDGETS[cmd];
    // The others are sent as much as there is, and confirm it.
    if (budget === 'confirm' && principal?.role !== 'edge') return;
    if (budget === undefined || principal === null || this.#manners.spend(principal.user, budget)) return;
    guard.cut('broker.budget-exceeded', BUDGET_WORDS[budget]);
  }

  #examine(client: Client, packet: ConnectPacket): Error | null {
    const connection = this.#connection(client);
    if (connection === null) return new Error('the connection is gone');
    connection.connect = packet;
    const isFaulty = packet.will && !isValidTopic(packet.will.topic);
    if (!isFaulty) return null;
    const reason = 'the will has no valid topic';
    const names = [packet.clientId ?? ''];
    this.#options.hooks.refused({ names, address: connection.address, code: 'broker.packet-malformed', reason });
    return new Error(reason);
  }

  #ready(client: Client): void {
    const connection = this.#connection(client);
    if (connection === null) return;
    connection.sinceMs = this.#options.now();
    this.#byClientId.set(client.id, connection);
    if (connection.principal !== null) this.#options.hooks.admitted(connection.principal.user);
  }

  /** Null lets the packet through; an error closes the connection, the only "no" that MQTT 3.1.1 has. */
  #take(client: Client | null, packet: PublishPacket): Error | null | Promise<Error | null> {
    const connection = this.#connection(client);
    if (!connection?.principal) return new Error('nobody publishes without a log-in');
    const { hooks, log } = this.#options;
    const { user } = connection.principal;
    const allowed = hooks.mayPublish(connection.principal, packet);
    if (!allowed.ok) {
      log.warn({ code: allowed.reason, user, topic: packet.topic }, `publish refused: ${allowed.message}`);
      hooks.refused({ names: [user], address: connection.address, code: allowed.reason, reason: allowed.message });
      return new CodedError(allowed.reason, allowed.message);
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const received = hooks.receive({ topic: allowed.value, payload, isRetained: packet.retain });
    if (!(received instanceof Promise)) return dispose(packet, received);
    connection.guard.begin();
    return received
      .then(
        (disposition) => dispose(packet, disposition),
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      )
      .finally(() => connection.guard.end());
  }

  #maySubscribe(client: Client, { topic }: Subscription): boolean {
    const principal = this.#connection(client)?.principal;
    if (!principal) return false;
    const held = Object.keys((client as unknown as { subscriptions: object }).subscriptions).length;
    const allowed = this.#options.hooks.maySubscribe(principal, topic);
    if (allowed.ok && held < this.#options.limits.filtersPerClientMax) return true;
    const { code, message } = allowed.ok
      ? { code: 'broker.budget-exceeded' as const, message: `it holds ${held} filters already` }
      : { code: allowed.reason, message: allowed.message };
    const fields = { code, user: principal.user, filter: topic };
    this.#options.log.warn(fields, `subscription refused: ${message}`);
    return false;
  }

  #mayForward(client: Client, packet: { qos: number }): boolean {
    const guard = this.#connection(client)?.guard;
    if (guard === undefined || !guard.isCongested()) return true;
    // A persistent session keeps the message: cut now, it comes with the next connection.
    if (!client.clean && packet.qos > 0) {
      guard.cut('broker.client-too-slow', 'it does not read');
      return true;
    }
    return false;
  }
}

function newConnection(of: Pick<Connection, 'conn' | 'guard' | 'address'>): Connection {
  return {
    ...of,
    connect: null,
    principal: null,
    sinceMs: 0,
    get hasSpoken() {
      return this.connect !== null;
    },
  };
}

function clientIdOf({ conn }: Connection): string {
  return (conn as { client?: Client }).client?.id ?? '';
}

/** Before aedes sees a packet; its parser is inner side, so aedes is pinned exactly. */
function watchPackets(client: Client, guard: ConnectionGuard, onPacket: (cmd: string) => void): void {
  const { _parser: parser } = client as unknown as { _parser: EventEmitter };
  parser.prependListener('packet', (packet: Parameters<typeof packetFault>[0]) => {
    const fault = packetFault(packet);
    if (fault !== null) guard.cut('broker.packet-malformed', fault);
    else onPacket(packet.cmd);
    // What came with it in one piece is not looked at any more.
    if (guard.isCut) parser.removeAllListeners('packet');
  });
}

/** aedes knows no "acknowledge but do not forward": a topic nobody can subscribe to is the same. */
function dispose(packet: PublishPacket, disposition: Disposition): null {
  if (disposition === 'swallow') {
    packet.topic = '$swallowed';
    packet.retain = false;
  }
  return null;
}
