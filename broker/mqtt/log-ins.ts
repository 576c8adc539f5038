/** Answers CONNECT: who has the right secret always gets in; all others look alike, also by the time it takes. */
import type { Duplex } from 'node:stream';
import type { Result } from '@commonworks/core';
import type { AuthenticateError, ConnectPacket } from 'aedes';
import type { Principal } from '../access/credentials.ts';
import type { BrokerLog } from '../broker-log.ts';
import type { MqttLimits } from './limits.ts';
import type { Manners } from './manners.ts';
import type { MqttHooks } from './mqtt-broker.ts';

export type Connecting = {
  readonly conn: Duplex;
  readonly address: string;
  readonly connect: ConnectPacket | null;
  principal: Principal | null;
};

export type LogInsOptions = {
  readonly hooks: Pick<MqttHooks, 'login' | 'stands' | 'mayPublish' | 'refused'>;
  readonly limits: Pick<MqttLimits, 'refusalMs'>;
  readonly manners: Manners;
  readonly log: BrokerLog;
  readonly elapsedMs: () => number;
  /** From where the client of this id is connected now; null when it is not. */
  readonly addressOf: (clientId: string) => string | null;
  /** The session of this client id is this principal's, or nobody's any more. */
  readonly claim: (clientId: string, principal: Principal) => Promise<void>;
  readonly admitted: (connecting: Connecting) => void;
};

type Answer = (error: AuthenticateError | null, isOk: boolean | null) => void;
type Given = { readonly user: string | undefined; readonly secret: Buffer | undefined };

/** What 3.1.1 lets a CONNACK say. */
const RETURN_CODES = { identifierRejected: 2, unavailable: 3, notAuthorized: 5 } as const;

export class LogIns {
  readonly #options: LogInsOptions;

  constructor(options: LogInsOptions) {
    this.#options = options;
  }

  async answer(connecting: Connecting | null, given: Given, done: Answer): Promise<void> {
    const refuse = (returnCode: number, message: string) =>
      done(Object.assign(new Error(message), { returnCode }) as AuthenticateError, null);
    if (connecting?.connect == null) return refuse(RETURN_CODES.unavailable, 'the connection is gone');
    const { connect } = connecting;
    const clientId = connect.clientId ?? '';
    // [MQTT-3.1.3-8]; MQTT 3.1 allows no empty id at all.
    if (clientId === '' && (!connect.clean || connect.protocolVersion === 3)) {
      return refuse(RETURN_CODES.identifierRejected, 'an empty client id needs a clean session');
    }
    try {
      const result = await this.#check(connecting, connect, given);
      if (!result.ok) return refuse(RETURN_CODES.notAuthorized, result.message);
      const isIn = await this.#admit(connecting, result.value, clientId);
      if (!isIn) return refuse(RETURN_CODES.notAuthorized, 'its access was withdrawn');
      done(null, true);
    } catch (error) {
      this.#options.log.error({ err: String(error) }, 'a log-in could not be checked');
      refuse(RETURN_CODES.unavailable, 'the log-in could not be checked');
    }
  }

  async #check({ address }: Connecting, connect: ConnectPacket, given: Given): Promise<Result<Principal>> {
    const { hooks, log, limits, elapsedMs } = this.#options;
    const cameMs = elapsedMs();
    const { user = '', secret = Buffer.alloc(0) } = given;
    const clientId = connect.clientId ?? '';
    const checked = await hooks.login({ user, secret, clientId, address });
    const result = checked.ok ? this.#checkWill(checked.value, connect) : checked;
    if (result.ok) return result;
    log.warn({ code: result.reason, user, client: clientId, address }, `log-in: ${result.message}`);
    hooks.refused({ names: [user, clientId], address, code: result.reason, reason: result.message });
    await pause(cameMs + limits.refusalMs - elapsedMs());
    return result;
  }

  #checkWill(principal: Principal, { will }: ConnectPacket): Result<Principal> {
    if (!will) return { ok: true, value: principal };
    const { topic, qos, retain } = will;
    const publication = { topic, qos: qos ?? 0, retain: retain ?? false };
    const allowed = this.#options.hooks.mayPublish(principal, publication);
    return allowed.ok ? { ok: true, value: principal } : allowed;
  }

  /** Who was cut for what it did, or connects all the time, waits; it is turned away only when its access was withdrawn meanwhile. */
  async #admit(connecting: Connecting, principal: Principal, clientId: string): Promise<boolean> {
    const { manners, addressOf, claim, admitted } = this.#options;
    const before = clientId === '' ? null : addressOf(clientId);
    await pause(manners.connects(principal.user, { address: connecting.address, before }));
    await claim(clientId, principal);
    if (!this.#options.hooks.stands(principal)) return false;
    connecting.principal = principal;
    admitted(connecting);
    return true;
  }
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms).unref());
}
