/** One bad edge, in a thread of its own: it sends as fast as its socket takes it, and comes back whenever it is cut. */
import { connect } from 'node:net';
import { workerData } from 'node:worker_threads';
import { generate } from 'mqtt-packet';

export type Flood = {
  readonly port: number;
  readonly community: string;
  readonly edge: string;
  readonly secret: string;
  readonly kind: 'status' | 'subscribe' | 'live';
};

const { port, community, edge, secret, kind } = workerData as Flood;

function piece(): Buffer {
  const packets = Array.from({ length: 500 }, (_, i) => {
    const own = `${community}/${edge}`;
    const id = { messageId: i + 1 };
    if (kind === 'subscribe') {
      return generate({ cmd: 'subscribe', ...id, subscriptions: [{ topic: `${own}/mark`, qos: 1 }] } as never);
    }
    const publish = { cmd: 'publish', dup: false, retain: kind === 'status', ...id } as const;
    const status = { state: 'online', sinceMs: i, boot: 'b', version: '1', backlog: i };
    const live = { device: 'm', timeMs: i, values: {} };
    return kind === 'status'
      ? generate({ ...publish, topic: `${own}/status`, qos: 1, payload: JSON.stringify(status) })
      : generate({ ...publish, topic: `${own}/live`, qos: 0, payload: JSON.stringify(live) });
  });
  return Buffer.concat(packets);
}

const flood = piece();
for (;;) {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  const login = { clientId: edge, username: edge, password: Buffer.from(secret), keepalive: 600, clean: true } as const;
  socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, ...login }));
  let isOver = false;
  const closed = new Promise<null>((resolve) =>
    socket.on('close', () => {
      isOver = true;
      resolve(null);
    }),
  );
  await Promise.race([new Promise((resolve) => socket.once('data', resolve)), closed]);
  socket.on('data', () => undefined);
  while (!isOver) {
    if (!socket.write(flood)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
