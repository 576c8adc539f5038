/** The two doors of the broker: MQTT over TCP, and over WebSocket for tools and browsers. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { CodedError } from '@commonworks/core';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { MqttLimits } from './limits.ts';
import type { MqttBroker } from './mqtt-broker.ts';
import { Strangers } from './strangers.ts';

export type Listener = { readonly port: number; readonly close: () => Promise<void> };

const PROTOCOLS = ['mqtt', 'mqttv3.1'];
/** Finds half-open connections that MQTT's own keep-alive does not watch. */
const TCP_KEEP_ALIVE_MS = 60_000;

export async function listenTcp(broker: MqttBroker, host: string, port: number): Promise<Listener> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS }, (socket) =>
    broker.attach(socket, socket.remoteAddress ?? ''),
  );
  return await open(server, host, port);
}

export async function listenWebSocket(
  broker: MqttBroker,
  at: { readonly host: string; readonly port: number; readonly limits: MqttLimits },
): Promise<Listener> {
  const http = createHttpServer(
    { headersTimeout: at.limits.connectTimeoutMs, connectionsCheckingInterval: 1000 },
    (_request, response) => response.writeHead(426).end('This is MQTT over WebSocket.\n'),
  );
  const sockets = new WebSocketServer({
    server: http,
    maxPayload: at.limits.packetBytes * 2,
    perMessageDeflate: false,
    // [MQTT-6.0.0-3] and [MQTT-6.0.0-4]
    handleProtocols: (offered) => PROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  sockets.on('error', () => undefined);
  boundWaiting(http, at.limits);
  sockets.on('connection', (socket, request) => {
    // [MQTT-6.0.0-1]: only binary frames.
    socket.on('message', (_data, isBinary) => {
      if (!isBinary) socket.terminate();
    });
    broker.attach(createWebSocketStream(socket), request.socket.remoteAddress ?? '', request);
  });
  const { port, close } = await open(http, at.host, at.port);
  const closeAll = () => {
    const closed = close();
    // Those that never asked for anything would keep it open until they do.
    http.closeAllConnections();
    return closed;
  };
  return { port, close: closeAll };
}

/** Sockets that never ask for a WebSocket are strangers, too: the oldest goes when there are too many. */
function boundWaiting(http: Server, limits: MqttLimits): void {
  const strangers = new Strangers<{ address: string; hasSpoken: boolean; socket: Socket }>(limits);
  const waiting = new WeakMap<object, { address: string; hasSpoken: boolean; socket: Socket }>();
  http.on('connection', (socket: Socket) => {
    const one = { address: socket.remoteAddress ?? '', hasSpoken: false, socket };
    waiting.set(socket, one);
    strangers.admit(one)?.socket.destroy();
    socket.on('close', () => strangers.leave(one));
  });
  http.on('upgrade', (request: { socket: Socket }) => {
    const one = waiting.get(request.socket);
    if (one !== undefined) strangers.leave(one);
  });
}

async function open(server: Server, host: string, port: number): Promise<Listener> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new CodedError('broker.listen-failed', `cannot listen on ${host}:${port}: ${String(cause)}`, { cause });
  }
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
