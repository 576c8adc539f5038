/** All wires of the demo, and the oracle that knows what each of them shows. */
import type { OracleRegisters } from '@commonworks/core/demo-clock.ts';
import type { DemoConfig } from './site/demo-config.ts';
import { createElectrical } from './wire/electrical.ts';
import type { Faults } from './wire/faults.ts';
import { serveGrbl } from './wire/grbl.ts';
import { type Framing, RTU_FRAMING, TCP_FRAMING } from './wire/modbus-framing.ts';
import { serveModbus, type Wire } from './wire/modbus-server.ts';
import type { ModbusUnit } from './wire/modbus-unit.ts';
import { p1Shows } from './wire/p1-telegram.ts';
import { serveBadgeReader, serveP1 } from './wire/push-servers.ts';
import { createRelay } from './wire/relay.ts';
import { createSdm, sdmShows } from './wire/sdm.ts';
import { batteryShows, createBattery } from './wire/sunspec-battery.ts';
import { createInverter, inverterShows } from './wire/sunspec-inverter.ts';
import { HOMES, METERED_DEVICES } from './world/cast.ts';
import type { Device } from './world/state.ts';
import type { World } from './world/world.ts';

/** Unit ids on the cellar's line: the grid meter, then home-1 to home-8. */
export const GRID_UNIT = 1;
export const HOME_UNIT_FIRST = 11;
export const WORKSHOP_UNITS = {
  'laser-1': 1,
  'laser-1-relay': 2,
  'cnc-1-meter': 3,
  'boiler-1-meter': 4,
  'boiler-1': 5,
} as const;
/** Homes on the RS-485 line; the last one has a P1 port. */
export const LINE_HOMES = HOMES.slice(0, -1);

export type DemoPorts = DemoConfig['ports'];

export type Wires = {
  readonly ports: Omit<DemoPorts, 'clock'>;
  readonly pushTelegram: () => void;
  readonly showBadge: (uid: string) => void;
  readonly close: () => void;
};

export type WireOptions = {
  readonly host: string;
  readonly ports: DemoPorts;
  readonly seed: number;
  readonly faults: Faults;
  /** Called before a request is answered: brings a running world up to the present. */
  readonly sync: () => void;
  readonly onControl: () => void;
};

export async function openWires(world: World, options: WireOptions): Promise<Wires> {
  const { host, ports, faults, sync, onControl } = options;
  const electrical = createElectrical(options.seed);
  const serve = (framing: Framing, units: Map<number, ModbusUnit>, port: number) =>
    serveModbus({ framing, units, faults, sync, onWrite: onControl }, { host, port });
  const meter = (device: Device, model: 'sdm120' | 'sdm630') => createSdm(world, device, { model, electrical });
  const cellar = new Map<number, ModbusUnit>([[GRID_UNIT, meter('grid-1', 'sdm630')]]);
  for (const [n, habit] of LINE_HOMES.entries()) {
    cellar.set(HOME_UNIT_FIRST + n, meter(habit.home as Device, habit.isThreePhase ? 'sdm630' : 'sdm120'));
  }
  const workshop = new Map<number, ModbusUnit>([
    [WORKSHOP_UNITS['laser-1'], meter('laser-1', 'sdm120')],
    [WORKSHOP_UNITS['laser-1-relay'], createRelay(world, 'laser-1-relay')],
    [WORKSHOP_UNITS['cnc-1-meter'], meter('cnc-1-meter', 'sdm120')],
    [WORKSHOP_UNITS['boiler-1-meter'], meter('boiler-1-meter', 'sdm120')],
    [WORKSHOP_UNITS['boiler-1'], createRelay(world, 'boiler-1')],
  ]);
  const opened: Wire[] = [];
  const keep = <W extends Wire>(wire: W): W => {
    opened.push(wire);
    return wire;
  };
  const close = () => {
    for (const wire of opened) wire.close();
  };
  try {
    const inverter = keep(await serve(TCP_FRAMING, new Map([[1, createInverter(world, electrical)]]), ports.pv));
    const battery = keep(await serve(TCP_FRAMING, new Map([[1, createBattery(world, electrical)]]), ports.battery));
    const homesLine = keep(await serve(RTU_FRAMING, cellar, ports.homesLine));
    const workshopLine = keep(await serve(RTU_FRAMING, workshop, ports.workshopLine));
    const p1 = keep(await serveP1(world, { electrical, faults }, { host, port: ports.p1 }));
    const grbl = keep(await serveGrbl(world, { faults, sync }, { host, port: ports.cnc }));
    const badgeReader = keep(await serveBadgeReader({ host, port: ports.badge }));
    return {
      ports: {
        pv: inverter.port,
        battery: battery.port,
        homesLine: homesLine.port,
        workshopLine: workshopLine.port,
        p1: p1.port,
        cnc: grbl.port,
        badge: badgeReader.port,
      },
      pushTelegram: p1.pushTelegram,
      showBadge: badgeReader.show,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** By device: what its wire shows now, and the exact registers behind it. */
export function oracle(world: World): Record<string, OracleRegisters> {
  const devices: Record<string, OracleRegisters> = {};
  for (const device of METERED_DEVICES) {
    const { imported, exported } = world.registers(device);
    devices[device] = { ...shows(world, device), exactImportedMwh: imported.mwh, exactExportedMwh: exported.mwh };
  }
  return devices;
}

function shows(world: World, device: Device): { importedMwh: number; exportedMwh: number } {
  if (device === 'pv-1') return { importedMwh: 0, exportedMwh: inverterShows(world) };
  if (device === 'bat-1') return batteryShows(world);
  if (device !== 'home-9') return sdmShows(world, device);
  const { lowMwh, normalMwh } = p1Shows(world);
  return { importedMwh: lowMwh + normalMwh, exportedMwh: 0 };
}
