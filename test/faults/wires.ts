/** Devices on their wires in real time: meters whose register at any moment is known, relays, a mill and a badge reader. */
import type { Socket } from 'node:net';
import { createFaults, type Faults } from '@commonworks/demo/wire/faults.ts';
import { TCP_FRAMING } from '@commonworks/demo/wire/modbus-framing.ts';
import { listen, serveModbus } from '@commonworks/demo/wire/modbus-server.ts';
import { EXCEPTION, type Image, type ModbusUnit } from '@commonworks/demo/wire/modbus-unit.ts';
import { crcText } from '@commonworks/demo/wire/p1-telegram.ts';
import { serveBadgeReader } from '@commonworks/demo/wire/push-servers.ts';
import { realNow } from './real-time.ts';

/** A register that rises evenly, so that every value it shows tells the moment at which it was true. */
export type EvenMeter = {
  readonly device: string;
  readonly direction: 'importedWh' | 'exportedWh';
  readonly powerW: number;
  readonly registerMwh: (timeMs: number) => number;
  readonly serial: () => string;
  /** When the register stood there. */
  readonly timeOf: (mwh: number) => number;
};

export type RelayLog = {
  readonly device: string;
  readonly writes: { readonly atMs: number; readonly isOn: boolean }[];
};
export type Run = { readonly fromMs: number; readonly toMs: number };

export type Wires = {
  readonly ports: {
    readonly meters: number;
    readonly p1: number;
    readonly swapped: number;
    readonly shop: number;
    readonly mill: number;
    readonly badge: number;
  };
  readonly meters: readonly EvenMeter[];
  readonly relays: readonly RelayLog[];
  /** What the mill does: it runs within these spans. */
  readonly runs: Run[];
  readonly faults: Faults;
  /** Another meter hangs where home-3's hung, with a lower register and another serial number. */
  readonly swapMeter: () => void;
  readonly showBadge: (uid: string) => void;
  readonly close: () => void;
};

/** 18 kW are 5 Wh a second: a register of 1 Wh tells the time within 0.2 s. */
const POWER_W = 18_000;
const HOST = { host: '127.0.0.1', port: 0 };
const P1_PERIOD_MS = 1000;
export const UNITS = { solar: 1, home: 2, mill: 1, boiler: 2, lamp: 3 } as const;

export async function openWires(): Promise<Wires> {
  const originMs = realNow();
  const even = (device: string, direction: EvenMeter['direction'], startMwh: number) =>
    createEvenMeter({ device, direction }, [{ fromMs: originMs, startMwh, serial: `${device}-1` }]);
  const lives = [{ fromMs: originMs, startMwh: 8e7, serial: 'home-3-1' }];
  const swapMeter = () => void lives.push({ fromMs: realNow(), startMwh: 1e7, serial: 'home-3-2' });
  const [solar, home1, home2] = [
    even('solar', 'exportedWh', 9e7),
    even('home-1', 'importedWh', 5e7),
    even('home-2', 'importedWh', 7e7),
  ];
  const home3 = createEvenMeter({ device: 'home-3', direction: 'importedWh' }, lives);
  const millMeter = even('mill-meter', 'importedWh', 3e7);
  const faults = createFaults();
  const relays: RelayLog[] = [];
  const relay = (device: string) => createRelay(device, relays);
  const serve = (units: Map<number, ModbusUnit>) =>
    serveModbus({ framing: TCP_FRAMING, units, faults, sync: () => {}, onWrite: () => {} }, HOST);
  const meterBus = await serve(
    new Map([
      [UNITS.solar, createMeter(solar, 4711)],
      [UNITS.home, createMeter(home1, 4712)],
    ]),
  );
  const shopBus = await serve(
    new Map([
      [UNITS.mill, createMeter(millMeter, 4713)],
      [UNITS.boiler, relay('boiler')],
      [UNITS.lamp, relay('lamp')],
    ]),
  );
  const p1 = await serveP1(home2);
  const swapped = await serveP1(home3);
  const runs: Run[] = [];
  const mill = await serveMill(runs);
  const badge = await serveBadgeReader(HOST);
  return {
    ports: {
      meters: meterBus.port,
      shop: shopBus.port,
      p1: p1.port,
      swapped: swapped.port,
      mill: mill.port,
      badge: badge.port,
    },
    ...{ meters: [solar, home1, home2, home3, millMeter], relays, runs, faults, swapMeter, showBadge: badge.show },
    close: () => {
      for (const one of [meterBus, shopBus, p1, swapped, mill, badge]) one.close();
    },
  };
}

type MeterLife = { readonly fromMs: number; readonly startMwh: number; readonly serial: string };

/** A later life begins so much lower that within an hour no value is shown twice. */
function createEvenMeter(head: Pick<EvenMeter, 'device' | 'direction'>, lives: readonly MeterLife[]): EvenMeter {
  const newest = () => lives.at(-1) as MeterLife;
  const shows = (mwh: number) => lives.find(({ startMwh }) => mwh >= startMwh) ?? newest();
  return {
    ...head,
    powerW: POWER_W,
    // 1 W for 3600 ms is 1 mWh.
    registerMwh: (timeMs) => newest().startMwh + Math.floor((POWER_W * (timeMs - newest().fromMs)) / 3600),
    serial: () => newest().serial,
    timeOf: (mwh) => shows(mwh).fromMs + ((mwh - shows(mwh).startMwh) * 3600) / POWER_W,
  };
}

/** Eastron SDM120: floats in input registers, high word first; the serial number in holding registers from 0xFC00 on. */
function createMeter(meter: EvenMeter, serial: number): ModbusUnit {
  const input = (): Image => {
    const bytes = Buffer.alloc(0x18c * 2);
    const put = (address: number, value: number) => bytes.writeFloatBE(value, address * 2);
    const isImport = meter.direction === 'importedWh';
    put(0x00, 231);
    put(0x06, meter.powerW / 231);
    put(0x0c, isImport ? meter.powerW : -meter.powerW);
    put(0x12, meter.powerW);
    put(0x1e, 1);
    put(0x46, 50);
    put(isImport ? 0x48 : 0x4a, meter.registerMwh(realNow()) / 1e6);
    return { start: 0, bytes };
  };
  const number = Buffer.alloc(4);
  number.writeUInt32BE(serial);
  return { device: meter.device, readMax: 80, input, holding: () => ({ start: 0xfc00, bytes: number }) };
}

function createRelay(device: string, relays: RelayLog[]): ModbusUnit {
  const log: RelayLog = { device, writes: [] };
  relays.push(log);
  const isOn = () => log.writes.at(-1)?.isOn ?? false;
  return {
    device,
    readMax: 1,
    coils: () => [isOn()],
    writeCoil: (address, wanted) => {
      if (address !== 0) return EXCEPTION.address;
      log.writes.push({ atMs: realNow(), isOn: wanted });
      return null;
    },
  };
}

/** A smart meter with a P1 port, one telegram a second, stamped by the meter's own good clock (UTC shown as winter time). */
async function serveP1(meter: EvenMeter) {
  const sockets = new Set<Socket>();
  const wire = await listen((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
  }, HOST);
  const timer = setInterval(() => {
    const text = telegram(meter, realNow());
    for (const socket of sockets) if (socket.writable) socket.write(text, 'latin1');
  }, P1_PERIOD_MS);
  const close = () => {
    clearInterval(timer);
    wire.close();
  };
  return { port: wire.port, close };
}

function telegram(meter: EvenMeter, timeMs: number): string {
  const stamp = new Date(timeMs).toISOString().slice(2, 19).replaceAll(/[-T:]/g, '');
  const kwh = (Math.floor(meter.registerMwh(timeMs) / 1000) / 1000).toFixed(3).padStart(10, '0');
  const lines = [
    ...[
      '/SON5\\2FAULTS',
      '',
      '1-3:0.2.8(50)',
      `0-0:1.0.0(${stamp}W)`,
      `0-0:96.1.1(${Buffer.from(meter.serial()).toString('hex').toUpperCase()})`,
    ],
    ...[`1-0:1.8.1(${kwh}*kWh)`, '1-0:1.8.2(000000.000*kWh)', '1-0:2.8.1(000000.000*kWh)', '1-0:2.8.2(000000.000*kWh)'],
    ...[`1-0:1.7.0(${(meter.powerW / 1000).toFixed(3).padStart(6, '0')}*kW)`, '1-0:2.7.0(00.000*kW)'],
  ];
  const body = `${lines.join('\r\n')}\r\n!`;
  return `${body}${crcText(body)}\r\n`;
}

/** GRBL: answers `?` with what it does. */
function serveMill(runs: readonly Run[]) {
  return listen((socket) => {
    socket.setEncoding('latin1');
    socket.write("\r\nGrbl 1.1h ['$' for help]\r\n");
    socket.on('data', (text: string) => {
      const nowMs = realNow();
      const isRunning = runs.some(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
      const report = isRunning
        ? `<Run|MPos:${(nowMs % 1000) / 10},1.000,0.000|FS:900,12000>\r\n`
        : '<Idle|MPos:0.000,0.000,0.000|FS:0,0>\r\n';
      for (const char of text) if (char === '?' && socket.writable) socket.write(report, 'latin1');
    });
  }, HOST);
}
