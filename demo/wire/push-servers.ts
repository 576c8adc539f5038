/** Devices that speak without being asked: the smart meter's P1 port and the badge reader, each behind a TCP port. */
import type { Socket } from 'node:net';
import type { World } from '../world/world.ts';
import type { Electrical } from './electrical.ts';
import type { Faults } from './faults.ts';
import { listen, type Wire } from './modbus-server.ts';
import { P1_DEVICE, p1Telegram } from './p1-telegram.ts';

export type PushWire = Wire & { readonly push: (text: string) => void };

async function servePush(address: { host: string; port: number }): Promise<PushWire> {
  const sockets = new Set<Socket>();
  const wire = await listen((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
  }, address);
  return {
    ...wire,
    push: (text) => {
      for (const socket of sockets) if (socket.writable) socket.write(text, 'latin1');
    },
  };
}

export type P1Wire = Wire & { readonly pushTelegram: () => void };

export async function serveP1(
  world: World,
  parts: { electrical: Electrical; faults: Faults },
  address: { host: string; port: number },
): Promise<P1Wire> {
  const wire = await servePush(address);
  return {
    ...wire,
    pushTelegram: () => {
      const fault = parts.faults.take(P1_DEVICE);
      const telegram = p1Telegram(world, parts.electrical);
      if (fault === null) wire.push(telegram);
      else if (fault.kind === 'wrong-crc') wire.push(`${telegram.slice(0, -6)}0000\r\n`);
      else if (fault.kind === 'truncated') wire.push(telegram.slice(0, telegram.length / 2));
      else if (fault.kind === 'late') setTimeout(() => wire.push(telegram), fault.delayMs).unref();
      else if (fault.kind === 'glitch') wire.push(telegram.replaceAll(/[a-z]/g, '?'));
    },
  };
}

export type BadgeWire = Wire & { readonly show: (uid: string) => void };

/** One line for each card held to the reader. */
export async function serveBadgeReader(address: { host: string; port: number }): Promise<BadgeWire> {
  const wire = await servePush(address);
  return { ...wire, show: (uid) => wire.push(`UID:${uid}\r\n`) };
}
