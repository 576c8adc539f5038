/** The PV inverter: SunSpec models 1, 103, 120 and 123 on Modbus TCP; its power limit acts, and reverts by itself. */
import { PV_RATED_W } from '../world/pv.ts';
import type { World } from '../world/world.ts';
import type { Electrical } from './electrical.ts';
import { EXCEPTION, type Image, type ModbusUnit } from './modbus-unit.ts';
import { shownByWholeWh } from './shown.ts';
import { ABSENT_S16, createSunspecMap, type ModelWriter, putCommon, SUNSPEC_BASE } from './sunspec-map.ts';

const SHAPES = [
  { id: 1, length: 66 },
  { id: 103, length: 50 },
  { id: 120, length: 26 },
  { id: 123, length: 24 },
];
/** Model 123's writable points that this inverter acts on; the rest are refused. */
const CONTROL = { limitPct: 5, windowS: 6, revertS: 7, rampS: 8, enable: 9 } as const;
/** WMaxLimPct_SF of -2: raw 10000 is 100 %. */
const LIMIT_RAW_MAX = 10_000;

export function createInverter(world: World, electrical: Electrical): ModbusUnit {
  const map = createSunspecMap(SHAPES);
  putCommon(map.model(1), { maker: 'Sonnenhof Demo', model: 'Roof 60', serial: 'SIM-PV-0001' });
  putNameplate(map.model(120));
  const measure = map.model(103);
  const control = map.model(123);
  const image = (isGlitch: boolean): Image => {
    putMeasurements(measure, world, electrical);
    putControls(control, world);
    if (isGlitch) measure.u32(24, inverterShows(world) / 100);
    return { start: SUNSPEC_BASE, bytes: map.bytes };
  };
  return {
    device: 'pv-1',
    readMax: 125,
    holding: image,
    writeRegisters: (address, values) => writeControls(world, address - map.addressOf(123), values),
  };
}

/** WH as the wire shows it, mWh. */
export function inverterShows(world: World): number {
  return shownByWholeWh(world.registers('pv-1').exported.mwh);
}

function putNameplate(model: ModelWriter): void {
  model.u16(2, 4); // DERTyp 4: PV
  model.u16(3, PV_RATED_W / 10);
  model.s16(4, 1);
  model.u16(5, PV_RATED_W / 10);
  model.s16(6, 1);
  for (const offset of [7, 8, 9, 10]) model.s16(offset, PV_RATED_W / 20);
  model.s16(11, 1);
  model.u16(12, 87);
  model.s16(13, 0);
  for (const offset of [14, 15, 16, 17]) model.s16(offset, 80);
  model.s16(18, -2);
  for (const offset of [20, 22, 24, 26]) model.s16(offset, ABSENT_S16);
}

function putMeasurements(model: ModelWriter, world: World, electrical: Electrical): void {
  const timeMs = world.nowMs();
  const watts = -world.powerMw('pv-1') / 1000;
  const volts = [0, 1, 2].map((phase) => electrical.voltageV(phase, timeMs, -watts / 3));
  const amps = volts.map((volt) => watts / 3 / volt);
  model.u16(2, Math.round(amps.reduce((sum, amp) => sum + amp, 0) * 100));
  for (const [n, amp] of amps.entries()) model.u16(3 + n, Math.round(amp * 100));
  model.s16(6, -2);
  for (const [n, volt] of volts.entries()) {
    model.u16(7 + n, Math.round(volt * Math.sqrt(3) * 10));
    model.u16(10 + n, Math.round(volt * 10));
  }
  model.s16(13, -1);
  // W_SF of 1: 60 kW in a signed 16-bit register leaves steps of 10 W.
  model.s16(14, Math.round(watts / 10));
  model.s16(15, 1);
  model.u16(16, Math.round(electrical.frequencyHz(timeMs) * 100));
  model.s16(17, -2);
  model.s16(18, Math.round(watts / 10));
  model.s16(19, 1);
  model.s16(20, 0);
  model.s16(21, 1);
  model.s16(22, 10_000);
  model.s16(23, -2);
  model.u32(24, inverterShows(world) / 1000);
  model.s16(26, 0);
  model.u16(27, Math.round((watts / 640) * 10));
  model.s16(28, -1);
  model.u16(29, watts > 0 ? 6400 : 0);
  model.s16(30, -1);
  model.s16(31, Math.round((watts * 1.02) / 10));
  model.s16(32, 1);
  model.s16(33, Math.round(170 + (watts / PV_RATED_W) * 310));
  for (const offset of [34, 35, 36]) model.s16(offset, ABSENT_S16);
  model.s16(37, -1);
  const limit = world.pvLimit();
  const isThrottled = limit.isEnabled && watts > 0 && watts >= (PV_RATED_W * limit.pct) / 100 - 1;
  model.u16(38, watts <= 0 ? 2 : isThrottled ? 5 : 4);
  for (const offset of [40, 42, 44, 46, 48, 50]) model.u32(offset, 0);
}

function putControls(model: ModelWriter, world: World): void {
  const limit = world.pvLimit();
  model.u16(4, 1);
  model.u16(CONTROL.limitPct, Math.round(limit.pct * 100));
  model.u16(CONTROL.revertS, limit.revertS);
  model.u16(CONTROL.enable, limit.isEnabled ? 1 : 0);
  model.s16(10, 100);
  model.u16(14, 0);
  model.u16(22, 0);
  model.s16(23, -2);
  model.s16(24, -2);
  model.s16(25, ABSENT_S16);
}

/** Every write of the limit or its timer starts the timer anew: so a lease is kept alive by writing it again. */
function writeControls(world: World, offset: number, values: readonly number[]): number | null {
  const known: readonly number[] = Object.values(CONTROL);
  const limit = { ...world.pvLimit() };
  for (const [n, value] of values.entries()) {
    const point = offset + n;
    if (!known.includes(point)) return EXCEPTION.address;
    if (point === CONTROL.limitPct) {
      if (value > LIMIT_RAW_MAX) return EXCEPTION.value;
      limit.pct = value / 100;
    }
    if (point === CONTROL.revertS) limit.revertS = value;
    if (point === CONTROL.enable) {
      if (value > 1) return EXCEPTION.value;
      limit.isEnabled = value === 1;
    }
  }
  world.setPvLimit(limit);
  return null;
}
