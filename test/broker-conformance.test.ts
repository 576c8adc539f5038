/** MQTT 3.1 and 3.1.1 packet by packet, against test vectors of the Eclipse Mosquitto project that are not ours. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { accept } from '@commonworks/core';
import { expect, it } from 'vitest';
import { MQTT_LIMITS } from '../broker/mqtt/limits.ts';
import { listenTcp } from '../broker/mqtt/listeners.ts';
import { MqttBroker } from '../broker/mqtt/mqtt-broker.ts';
import { isValidFilter } from '../broker/mqtt/topic-filter.ts';
import { USER_BUDGETS } from '../broker/mqtt/user-budgets.ts';

const VECTORS = new URL('../../shared/data/mqtt-conformance/mosquitto-broker/', import.meta.url).pathname;
/** Where the standard leaves a choice, or we choose otherwise on purpose; each with its reason. */
const OUR_CHOICE: readonly (readonly [RegExp, string])[] = [
  [/proto ver|incorrect protocol version/, 'an unknown protocol version is not answered [MQTT-3.1.2-2]'],
  [/3\.1 {3}CONNECT \/ 1[04] ok/, 'reserved CONNECT flags must be zero [MQTT-3.1.2-3], here also in 3.1'],
  [/\$SYS ok/, '$SYS names the clients and what they read: refused'],
  [/\$share ok/, 'shared subscriptions would be granted and never served: refused'],
];
/** As measured; what is missing are lengths and flags that the parser under aedes does not check. */
const PASSED_MIN = 190;

type Message = { type: 'send' | 'recv'; payload: string };
type Case = { name: string; connect?: boolean; expect_disconnect?: boolean; msgs: Message[] };
type Group = { group: string; ver: number; connect?: boolean; tests: Case[] };

/** Hex bytes, `rN` remaining length, `sN` string length, `mN` and `kN` two bytes, quoted text. */
function bytesOf(notation: string): Buffer {
  const parts = notation.match(/'[^']*'|\S+/g) ?? [];
  return Buffer.concat(parts.map(bytesOfPart));
}

function bytesOfPart(part: string): Buffer {
  if (part.startsWith("'")) return Buffer.from(part.slice(1, -1));
  const value = Number(part.slice(1));
  if (part.startsWith('r')) return remainingLength(value);
  // As in the vectors' own reader: a message id is written as it stands, in hex.
  if (part.startsWith('m')) return Buffer.from(part.slice(1).padStart(4, '0'), 'hex');
  if (part.startsWith('s') || part.startsWith('k')) return Buffer.from([value >> 8, value & 0xff]);
  return Buffer.from(part, 'hex');
}

function remainingLength(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

const LOGIN: Record<number, string> = {
  3: "10 r15 s6 'MQIsdp' 03 02 k60 s1 'q'",
  4: "10 r13 s4 'MQTT' 04 02 k60 s1 'q'",
};
/** Vectors that we answer otherwise are waited for in vain; only a machine too busy for the first makes it try the second. */
const PATIENCE_MS = [400, 10_000] as const;

type PlayOptions = { readonly ver: number; readonly isLoggedIn: boolean; readonly patienceMs: number };

/** Null when the broker did as the vector says, else what it did instead. */
async function play(port: number, test: Case, options: PlayOptions): Promise<string | null> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  let received = Buffer.alloc(0);
  let isClosed = false;
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
    wake();
  });
  const until = async (isSo: () => boolean) => {
    const end = performance.now() + options.patienceMs;
    while (!isSo() && performance.now() < end) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 10);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return isSo();
  };
  const expectBytes = async (wanted: Buffer) => {
    const isThere = await until(() => received.length >= wanted.length || isClosed);
    const found = received.subarray(0, wanted.length);
    received = received.subarray(wanted.length);
    return isThere && found.equals(wanted);
  };
  try {
    if (options.isLoggedIn) {
      socket.write(bytesOf(LOGIN[options.ver] ?? ''));
      if (!(await expectBytes(Buffer.from([0x20, 2, 0, 0])))) return 'no CONNACK';
    }
    for (const message of test.msgs) {
      if (message.type === 'send') socket.write(bytesOf(message.payload));
      else if (!(await expectBytes(bytesOf(message.payload)))) return `not answered with ${message.payload}`;
    }
    if (test.expect_disconnect ?? true) return (await until(() => isClosed)) ? null : 'still connected';
    socket.write(Uint8Array.of(0xc0, 0));
    return (await expectBytes(Buffer.from([0xd0, 0]))) ? null : isClosed ? 'disconnected' : 'no answer to a ping';
  } finally {
    socket.destroy();
  }
}

type Played = { readonly passed: number; readonly failures: string[]; readonly exempt: string[] };

async function playAll(port: number, patienceMs: number): Promise<Played> {
  let passed = 0;
  const failures: string[] = [];
  const exempt: string[] = [];
  for (const file of readdirSync(VECTORS).sort()) {
    const groups = JSON.parse(readFileSync(`${VECTORS}${file}`, 'utf8')) as Group[];
    for (const group of groups.filter(({ ver }) => ver === 3 || ver === 4)) {
      for (const test of group.tests) {
        const isLoggedIn = test.connect ?? group.connect ?? true;
        const fault = await play(port, test, { ver: group.ver, isLoggedIn, patienceMs });
        const label = `${group.group} / ${test.name}`;
        if (fault === null) passed += 1;
        else if (OUR_CHOICE.some(([name]) => name.test(label))) exempt.push(label);
        else failures.push(`${label}: ${fault}`);
      }
    }
  }
  return { passed, failures, exempt };
}

it.skipIf(!existsSync(VECTORS))(
  'answers the vectors for MQTT 3.1 and 3.1.1 (skipped when ../shared/data is not there)',
  async () => {
    const broker = new MqttBroker({
      limits: { ...MQTT_LIMITS, connectTimeoutMs: 200 },
      now: Date.now,
      elapsedMs: () => performance.now(),
      // Hundreds of vectors, all of one user.
      budgets: { ...USER_BUDGETS, connect: { burst: 1e6, perSecond: 1 } },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      hooks: {
        login: async () => accept({ user: 'q', role: 'service', secretHash: '' }),
        stands: () => true,
        mayPublish: () => accept({ community: 'c', edge: 'e', channel: 'live' }),
        maySubscribe: (_principal, filter) =>
          isValidFilter(filter) ? accept(filter) : { ok: false, reason: 'broker.filter-refused', message: '' },
        receive: () => 'deliver',
        subscribed: () => undefined,
        refused: () => undefined,
        admitted: () => undefined,
        misdeed: () => undefined,
        isFull: () => false,
      },
    });
    await broker.listen();
    const listener = await listenTcp(broker, '127.0.0.1', 0);
    let played = await playAll(listener.port, PATIENCE_MS[0]);
    if (played.passed < PASSED_MIN) played = await playAll(listener.port, PATIENCE_MS[1]);
    const { passed, failures, exempt } = played;
    await broker.close();
    await listener.close();
    process.stdout.write(
      `MQTT vectors: ${passed} as expected, ${exempt.length} by our choice, ${failures.length} otherwise\n`,
    );
    process.stdout.write(failures.map((failure) => `  ${failure}\n`).join(''));
    expect(passed).toBeGreaterThanOrEqual(PASSED_MIN);
  },
);
