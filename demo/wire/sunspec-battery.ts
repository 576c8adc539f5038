/** The battery: SunSpec DER models 1, 701 and 713 on Modbus TCP. Injection (discharging) is positive in 701. */
import { BATTERY } from '../world/battery.ts';
import type { World } from '../world/world.ts';
import type { Electrical } from './electrical.ts';
import type { Image, ModbusUnit } from './modbus-unit.ts';
import { shownByWholeWh } from './shown.ts';
import { ABSENT_S16, createSunspecMap, type ModelWriter, putCommon, SUNSPEC_BASE } from './sunspec-map.ts';

const SHAPES = [
  { id: 1, length: 66 },
  { id: 701, length: 153 },
  { id: 713, length: 7 },
];

export function createBattery(world: World, electrical: Electrical): ModbusUnit {
  const map = createSunspecMap(SHAPES);
  putCommon(map.model(1), { maker: 'Sonnenhof Demo', model: 'Cellar 20', serial: 'SIM-BAT-0001' });
  const measure = map.model(701);
  const storage = map.model(713);
  const image = (isGlitch: boolean): Image => {
    putMeasurements(measure, world, electrical);
    putStorage(storage, world);
    if (isGlitch) measure.u64(23, (batteryShows(world).importedMwh / 1000) * 10);
    return { start: SUNSPEC_BASE, bytes: map.bytes };
  };
  return { device: 'bat-1', readMax: 125, holding: image };
}

/** TotWhAbs is what was charged, TotWhInj what was discharged; mWh. */
export function batteryShows(world: World): { importedMwh: number; exportedMwh: number } {
  const { imported, exported } = world.registers('bat-1');
  return { importedMwh: shownByWholeWh(imported.mwh), exportedMwh: shownByWholeWh(exported.mwh) };
}

function putMeasurements(model: ModelWriter, world: World, electrical: Electrical): void {
  const timeMs = world.nowMs();
  const watts = -world.powerMw('bat-1') / 1000;
  const volt = electrical.voltageV(0, timeMs, -watts / 3);
  const shows = batteryShows(world);
  model.u16(2, 2); // ACType 2: three-phase
  model.u16(3, 1); // St 1: on
  model.u16(4, watts === 0 ? 7 : 3);
  model.u16(5, 1);
  model.u32(6, 0);
  model.u32(8, 1);
  model.s16(10, Math.round(watts));
  model.s16(11, Math.round(Math.abs(watts)));
  model.s16(12, 0);
  model.s16(13, 1000);
  model.s16(14, Math.round((Math.abs(watts) / volt) * 10));
  model.u16(15, Math.round(volt * Math.sqrt(3) * 10));
  model.u16(16, Math.round(volt * 10));
  model.u32(17, Math.round(electrical.frequencyHz(timeMs) * 100));
  model.u64(19, shows.exportedMwh / 1000);
  model.u64(23, shows.importedMwh / 1000);
  model.s16(35, ABSENT_S16);
  model.s16(36, Math.round(195 + (Math.abs(watts) / BATTERY.powerMaxW) * 130));
  for (const offset of [37, 38, 39, 40]) model.s16(offset, ABSENT_S16);
  for (const offset of [41, 42, 43, 44, 45, 64, 65, 66, 67, 68, 87, 88, 89, 90, 91]) model.s16(offset, ABSENT_S16);
  model.u16(110, 0);
  model.s16(113, -1); // A
  model.s16(114, -1); // V
  model.s16(115, -2); // Hz
  model.s16(116, 0); // W
  model.s16(117, -3); // PF
  model.s16(118, 0); // VA
  model.s16(119, 0); // Var
  model.s16(120, 0); // TotWh
  model.s16(121, 0); // TotVarh
  model.s16(122, -1); // Tmp
  model.text(123, 32, '');
}

function putStorage(model: ModelWriter, world: World): void {
  const soc = world.socPct();
  model.u16(2, BATTERY.capacityWh / 10);
  model.u16(3, Math.round(((soc / 100) * BATTERY.capacityWh) / 10));
  model.u16(4, Math.round(soc * 10));
  model.u16(5, 978);
  model.u16(6, 0);
  model.s16(7, 1);
  model.s16(8, -1);
}
