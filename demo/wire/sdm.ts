/** Eastron SDM120 and SDM630: 32-bit floats in input registers, high word first (their Modbus protocol documents). */
import { METERED_DEVICES } from '../world/cast.ts';
import type { Device } from '../world/state.ts';
import type { World } from '../world/world.ts';
import { type Electrical, POWER_FACTOR, REACTIVE_SHARE } from './electrical.ts';
import type { Image, ModbusUnit } from './modbus-unit.ts';
import { shownByFloatKwh } from './shown.ts';

export type MeterModel = 'sdm120' | 'sdm630';

/** Up to the last energy register, 0x018B. Places between the documented ones read as zero, as on the devices. */
const REGISTERS = 0x18c;
const READ_MAX = 80;
/** Holding registers of the serial number, 32 bits, high word first. */
const SERIAL_REGISTER = 0xfc00;
/** How three phases share a load. */
const SHARES = [0.42, 0.33, 0.25] as const;

export type MeterOptions = { readonly model: MeterModel; readonly electrical: Electrical };

export function createSdm(world: World, device: Device, { model, electrical }: MeterOptions): ModbusUnit {
  const bytes = Buffer.alloc(REGISTERS * 2);
  let shownMs = Number.NaN;
  let shownPowerMw = Number.NaN;
  const put = (address: number, value: number) => bytes.writeFloatBE(value, address * 2);
  const image = (isGlitch: boolean): Image => {
    const powerMw = world.powerMw(device);
    if (shownMs !== world.nowMs() || shownPowerMw !== powerMw) {
      const moment = { timeMs: world.nowMs(), powerW: powerMw / 1000, electrical };
      if (model === 'sdm120') putSinglePhase(put, moment);
      else putThreePhases(put, moment);
      put(0x46, electrical.frequencyHz(moment.timeMs));
      const { imported, exported } = world.registers(device);
      put(0x48, imported.mwh / 1e6);
      put(0x4a, exported.mwh / 1e6);
      put(0x156, (imported.mwh + exported.mwh) / 1e6);
      shownMs = moment.timeMs;
      shownPowerMw = powerMw;
    }
    if (!isGlitch) return { start: 0, bytes };
    const spoiled = Buffer.from(bytes);
    spoiled.writeFloatBE(spoiled.readFloatBE(0x48 * 2) * 10, 0x48 * 2);
    return { start: 0, bytes: spoiled };
  };
  const serial = { start: SERIAL_REGISTER, bytes: Buffer.alloc(4) };
  serial.bytes.writeUInt32BE(sdmSerial(device));
  return { device, readMax: READ_MAX, input: image, holding: () => serial };
}

/** Each meter of the demo has its own: the device's place among them behind a row of digits. */
export function sdmSerial(device: Device): number {
  return 24_110_000 + METERED_DEVICES.indexOf(device);
}

/** The counters as the wire shows them, mWh. */
export function sdmShows(world: World, device: Device): { importedMwh: number; exportedMwh: number } {
  const { imported, exported } = world.registers(device);
  return { importedMwh: shownByFloatKwh(imported.mwh), exportedMwh: shownByFloatKwh(exported.mwh) };
}

type Put = (address: number, value: number) => void;
type Moment = { readonly timeMs: number; readonly powerW: number; readonly electrical: Electrical };

function putSinglePhase(put: Put, { timeMs, powerW, electrical }: Moment): void {
  const voltage = electrical.voltageV(0, timeMs, powerW);
  const apparent = Math.abs(powerW) / POWER_FACTOR;
  put(0x00, voltage);
  put(0x06, apparent / voltage);
  put(0x0c, powerW);
  put(0x12, apparent);
  put(0x18, Math.abs(powerW) * REACTIVE_SHARE);
  put(0x1e, powerW === 0 ? 1 : POWER_FACTOR);
}

function putThreePhases(put: Put, { timeMs, powerW, electrical }: Moment): void {
  let currents = 0;
  for (const [phase, share] of SHARES.entries()) {
    const phaseW = powerW * share;
    const voltage = electrical.voltageV(phase, timeMs, phaseW);
    const apparent = Math.abs(phaseW) / POWER_FACTOR;
    currents += apparent / voltage;
    put(0x00 + 2 * phase, voltage);
    put(0x06 + 2 * phase, apparent / voltage);
    put(0x0c + 2 * phase, phaseW);
    put(0x12 + 2 * phase, apparent);
    put(0x18 + 2 * phase, Math.abs(phaseW) * REACTIVE_SHARE);
    put(0x1e + 2 * phase, POWER_FACTOR);
  }
  put(0x2a, electrical.voltageV(1, timeMs, powerW / 3));
  put(0x30, currents);
  put(0x34, powerW);
  put(0x38, Math.abs(powerW) / POWER_FACTOR);
  put(0x3c, Math.abs(powerW) * REACTIVE_SHARE);
  put(0x3e, POWER_FACTOR);
}
