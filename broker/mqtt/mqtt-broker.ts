/** aedes 1.2.0, hardened: the one module that knows its hooks and its gaps. */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, EdgeTopic, Result } from '@commonworks/core';
import { CodedError } from '@commonworks/core';
import type { AuthenticateError, Client, ConnectPacket, PublishPacket, Subscription } from 'aedes';
import { Aedes } from 'aedes';
import type { Login, Principal } from '../access/credentials.ts';
import type { Refused } from '../access/login-refusals.ts';
import type { Publication } from '../access/topic-rules.ts';
import type { BrokerLog } from '../broker-log.ts';
import { boundSessions } from './bounded-sessions.ts';
import { claimedId } from './claimed-id.ts';
import { ConnectionGuard } from './connection-guard.ts';
import type { MqttLimits } from './limits.ts';
import { packetFault } from './packet-rules.ts';
import { isValidTopic } from './topic-filter.ts';

/** `swallow`: acknowledged, but forwarded to nobody. */
export type Disposition = 'deliver' | 'swallow';

export type MqttHooks = {
  readonly login: (login: Login) => Promise<Result<Principal>>;
  readonly mayPublish: (principal: Principal, publication: Publication) => Result<EdgeTopic>;
  readonly maySubscribe: (principal: Principal, filter: string) => Result<string>;
  /** QoS 1 is acknowledged when it resolves; a rejection closes the connection without acknowledgement. */
  readonly receive: (topic: EdgeTopic, payload: Uint8Array) => Disposition | Promise<Disposition>;
  readonly subscribed: (filter: string) => void;
  /** A connection was not let in, or cut for what it did. */
  readonly refused: (refused: Refused) => void;
  readonly admitted: (user: string) => void;
  readonly isFull: () => boolean;
};

export type MqttOptions = {
  readonly hooks: MqttHooks;
  readonly limits: MqttLimits;
  readonly log: BrokerLog;
  readonly now: Clock;
};

export type ConnectedClient = { readonly principal: Principal; readonly clientId: string; readonly sinceMs: number };

type Connection = {
  readonly conn: Duplex;
  readonly guard: ConnectionGuard;
  readonly address: string;
  connect: ConnectPacket | null;
  principal: Principal | null;
  sinceMs: number;
};

/** What 3.1.1 lets a CONNACK say. */
const RETURN_CODES = { identifierRejected: 2, unavailable: 3, notAuthorized: 5 } as const;

export class MqttBroker {
  readonly #aedes: Aedes;
  readonly #options: MqttOptions;
  readonly #open = new Set<Connection>();
  /** Outlives the socket: a will is judged after its connection has closed. */
  readonly #byConn = new WeakMap<Duplex, Connection>();
  #isClosing = false;
  #stopSweep: () => void = () => undefined;

  constructor(options: MqttOptions) {
    this.#options = options;
    const { limits } = options;
    this.#aedes = new Aedes({
      connectTimeout: limits.connectTimeoutMs,
      drainTimeout: limits.slowMs,
      maxInflightInbound: limits.halfOpenMax,
      maxTopicLevels: limits.topicLevelsMax,
      preConnect: (client, packet, done) => {
        const fault = this.#examine(client, packet);
        done(fault, fault === null);
      },
      authenticate: (client, user, secret, done) => void this.#authenticate(client, { user, secret }, done),
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
    this.#stopSweep = boundSessions(this.#aedes, this.#options.limits);
    this.#aedes.on('clientReady', (client) => this.#ready(client));
    this.#aedes.on('subscribe', (subscriptions) => {
      for (const { topic, qos } of subscriptions) if (Number(qos) < 128) this.#options.hooks.subscribed(topic);
    });
  }

  /** Hands over a new connection; `address` is the peer's. */
  attach(conn: Duplex, address: string, request?: IncomingMessage): void {
    const { limits, log, hooks } = this.#options;
    if (
      this.#isClosing ||
      this.#open.size >= limits.connectionsMax ||
      this.#strangers(address) >= limits.strangersPerAddressMax
    ) {
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
        const names = [connection.principal?.user ?? claimedId(guard.firstBytes) ?? ''];
        hooks.refused({ names, address, code, reason });
      },
    });
    const connection: Connection = { conn, guard, address, connect: null, principal: null, sinceMs: 0 };
    this.#open.add(connection);
    this.#byConn.set(conn, connection);
    conn.on('close', () => this.#open.delete(connection));
    conn.on('error', () => conn.destroy());
    client = this.#aedes.handle(conn, request);
    watchPackets(client, guard);
    // A full socket must not hold one of the emitter's slots, or all wait for it; the guard bounds what is unsent.
    Object.assign(client, { waitForDrain: (done: () => void) => setImmediate(done) });
  }

  publish(topic: string, payload: string, options: { qos: 0 | 1; retain: boolean }): void {
    const packet: PublishPacket = { cmd: 'publish', topic, payload: Buffer.from(payload), dup: false, ...options };
    this.#aedes.publish(packet, () => undefined);
  }

  clients(): ConnectedClient[] {
    return [...this.#open].flatMap(({ conn, principal, sinceMs }) => {
      const id = (conn as { client?: Client }).client?.id ?? '';
      return principal === null || sinceMs === 0 ? [] : [{ principal, clientId: id, sinceMs }];
    });
  }

  /** Cuts every connection whose principal no longer stands. */
  revoke(stands: (principal: Principal) => boolean): number {
    let cut = 0;
    for (const { principal, guard } of [...this.#open]) {
      if (principal === null || stands(principal)) continue;
      guard.cut('broker.login-refused', 'its access was withdrawn');
      cut += 1;
    }
    return cut;
  }

  /** Room again: everybody who was held back may be read. */
  wakeAll(): void {
    for (const { guard } of this.#open) guard.wake();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopSweep();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const { conn } of this.#open) conn.destroy();
  }

  #strangers(address: string): number {
    let count = 0;
    for (const connection of this.#open) {
      if (connection.principal === null && connection.address === address) count += 1;
    }
    return count;
  }

  #connection(client: Client | null): Connection | null {
    return client === null ? null : (this.#byConn.get(client.conn) ?? null);
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

  async #authenticate(
    client: Client,
    login: { user: string | undefined; secret: Buffer | undefined },
    done: (error: AuthenticateError | null, isOk: boolean | null) => void,
  ): Promise<void> {
    const connection = this.#connection(client);
    const refuse = (returnCode: number, message: string) =>
      done(Object.assign(new Error(message), { returnCode }) as AuthenticateError, null);
    if (connection?.connect == null) return refuse(RETURN_CODES.unavailable, 'the connection is gone');
    const { connect, address } = connection;
    const clientId = connect.clientId ?? '';
    // [MQTT-3.1.3-8]; MQTT 3.1 allows no empty id at all.
    if (clientId === '' && (!connect.clean || connect.protocolVersion === 3)) {
      return refuse(RETURN_CODES.identifierRejected, 'an empty client id needs a clean session');
    }
    try {
      const user = login.user ?? '';
      const checked = await this.#options.hooks.login({
        user,
        secret: login.secret ?? Buffer.alloc(0),
        clientId,
        address,
      });
      const result = checked.ok ? this.#checkWill(checked.value, connect) : checked;
      if (!result.ok) {
        this.#options.log.warn({ code: result.reason, user, client: clientId, address }, `log-in: ${result.message}`);
        this.#options.hooks.refused({ names: [user, clientId], address, code: result.reason, reason: result.message });
        return refuse(RETURN_CODES.notAuthorized, result.message);
      }
      connection.principal = result.value;
      done(null, true);
    } catch (error) {
      this.#options.log.error({ err: String(error) }, 'a log-in could not be checked');
      refuse(RETURN_CODES.unavailable, 'the log-in could not be checked');
    }
  }

  #checkWill(principal: Principal, { will }: ConnectPacket): Result<Principal> {
    if (!will) return { ok: true, value: principal };
    const { topic, qos, retain } = will;
    const publication = { topic, qos: qos ?? 0, retain: retain ?? false };
    const allowed = this.#options.hooks.mayPublish(principal, publication);
    return allowed.ok ? { ok: true, value: principal } : allowed;
  }

  #ready(client: Client): void {
    const connection = this.#connection(client);
    if (connection === null) return;
    connection.sinceMs = this.#options.now();
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
    const received = hooks.receive(allowed.value, payload);
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
    const allowed = this.#options.hooks.maySubscribe(principal, topic);
    if (allowed.ok) return true;
    const fields = { code: allowed.reason, user: principal.user, filter: topic };
    this.#options.log.warn(fields, `subscription refused: ${allowed.message}`);
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

/** Before aedes sees a packet; its parser is inner side, so aedes is pinned exactly. */
function watchPackets(client: Client, guard: ConnectionGuard): void {
  const { _parser: parser } = client as unknown as { _parser: EventEmitter };
  parser.prependListener('packet', (packet: Parameters<typeof packetFault>[0]) => {
    const fault = packetFault(packet);
    if (fault !== null) guard.cut('broker.packet-malformed', fault);
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
