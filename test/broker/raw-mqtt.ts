/** MQTT by hand over a plain socket: packets that no well-behaved client would send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet';

export class RawMqtt {
  readonly socket: Socket;
  readonly packets: Packet[] = [];
  #wake: () => void = () => undefined;
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    const parse = parser();
    parse.on('packet', (packet: Packet) => {
      this.packets.push(packet);
      this.#wake();
    });
    socket.on('data', (chunk) => parse.parse(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  static async open(port: number): Promise<RawMqtt> {
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    await once(socket, 'connect');
    return new RawMqtt(socket);
  }

  /** Opens, logs in and returns once the CONNACK is there or the connection has ended. */
  static async login(port: number, login: Partial<IConnectPacket>): Promise<RawMqtt> {
    const client = await RawMqtt.open(port);
    client.connect(login);
    await client.until(() => client.packets.length > 0 || client.isClosed, 60_000);
    return client;
  }

  connect(login: Partial<IConnectPacket>): void {
    this.send({
      cmd: 'connect',
      clientId: '',
      protocolVersion: 4,
      protocolId: 'MQTT',
      clean: true,
      keepalive: 60,
      ...login,
    });
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet));
  }

  bytes(...bytes: number[]): void {
    this.socket.write(Uint8Array.from(bytes));
  }

  get returnCode(): number | undefined {
    const connack = this.packets.find((packet) => packet.cmd === 'connack');
    return connack?.cmd === 'connack' ? connack.returnCode : undefined;
  }

  /** @throws when it has not come true within the time. */
  async until(isSo: () => boolean, timeoutMs = 60_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!isSo()) {
      if (performance.now() > end) throw new Error(`nothing happened within ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 10);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async closed(timeoutMs = 60_000): Promise<void> {
    await this.until(() => this.isClosed, timeoutMs);
  }
}
