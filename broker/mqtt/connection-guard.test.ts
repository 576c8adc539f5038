import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { generate, parser } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { ConnectionGuard } from './connection-guard.ts';
import { MQTT_LIMITS } from './limits.ts';

const publish = (n: number) =>
  generate({ cmd: 'publish', topic: `t/${n}`, payload: 'x'.repeat(n % 50), qos: 0, dup: false, retain: false });

/** Reads as aedes does: when something is there, all there is; and now and then asks for nothing, as the stream itself does. */
async function readThrough(pieces: readonly Buffer[], at: { turnPackets: number; asks: readonly boolean[] }) {
  const conn = new PassThrough();
  new ConnectionGuard(conn, {
    limits: { ...MQTT_LIMITS, turnPackets: at.turnPackets },
    isLoggedIn: () => true,
    isFull: () => false,
    onCut: (code) => {
      throw new Error(code);
    },
  });
  const parse = parser();
  const topics: string[] = [];
  const perTurn = [0];
  let isOver = false;
  const tick = () => {
    perTurn.push(0);
    if (!isOver) setImmediate(tick);
  };
  tick();
  parse.on('packet', (packet) => {
    topics.push(packet.cmd === 'publish' ? packet.topic : packet.cmd);
    perTurn.push((perTurn.pop() ?? 0) + 1);
  });
  const ended = new Promise((resolve) => conn.on('end', resolve));
  conn.on('readable', () => {
    if (at.asks[topics.length % at.asks.length]) conn.read(0);
    for (let chunk = conn.read() as Buffer | null; chunk !== null; chunk = conn.read() as Buffer | null)
      parse.parse(chunk);
  });
  for (const piece of pieces) conn.write(piece);
  conn.end();
  await ended;
  isOver = true;
  return { topics, perTurn };
}

describe('a guarded connection', () => {
  it('holds no more of a flood than its buffer, however slowly it is taken', async () => {
    const one = publish(30);
    const flood = Buffer.concat(Array.from({ length: 400 }, () => one));
    const isHeard = Promise.withResolvers<Socket>();
    const server = createServer(isHeard.resolve).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sender = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    const send = () => {
      while (sender.write(flood));
    };
    sender.on('connect', send).on('drain', send);
    const conn = await isHeard.promise;
    let cut: string | null = null;
    new ConnectionGuard(conn, {
      limits: { ...MQTT_LIMITS, turnPackets: 4 },
      isLoggedIn: () => true,
      isFull: () => false,
      onCut: (code) => {
        cut = code;
      },
    });
    let [taken, most] = [0, 0];
    const enough = Promise.withResolvers<void>();
    conn.on('readable', () => {
      most = Math.max(most, conn.readableLength);
      const chunk = conn.read() as Buffer | null;
      taken += chunk?.length ?? 0;
      if (taken > 2000 * one.length) enough.resolve();
    });
    await enough.promise;
    sender.destroy();
    conn.destroy();
    server.close();
    expect(cut).toBeNull();
    // What a read of the kernel brings on top of the mark.
    expect(most).toBeLessThanOrEqual(2 * conn.readableHighWaterMark + 65_536);
  });

  it('hands over every packet once and in order, few in a turn, whoever asks for what, and the end comes last', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 120 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
        fc.record({
          turnPackets: fc.integer({ min: 1, max: 9 }),
          asks: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        }),
        async (count, cuts, at) => {
          const stream = Buffer.concat(Array.from({ length: count }, (_, n) => publish(n)));
          const pieces: Buffer[] = [];
          for (let from = 0, i = 0; from < stream.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            pieces.push(stream.subarray(from, from + size));
            from += size;
          }
          const { topics, perTurn } = await readThrough(pieces, at);
          expect(topics).toEqual(Array.from({ length: count }, (_, n) => `t/${n}`));
          // Between two ticks of this test ends one turn of the guard and begins the next; one packet may be half here already.
          expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * at.turnPackets + 1);
        },
      ),
    );
  });
});
