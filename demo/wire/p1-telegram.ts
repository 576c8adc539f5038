/** One DSMR 5 telegram of home-9 (P1 Companion Standard 5.0.2), with its CRC. */
import type { World } from '../world/world.ts';
import { crc16 } from './crc16.ts';
import type { Electrical } from './electrical.ts';
import { shownByWholeWh } from './shown.ts';

export const P1_DEVICE = 'home-9';
const SHARES = [0.5, 0.2, 0.3] as const;
/** Seventeen characters, as Dutch meters have them; on the wire as hexadecimal octets. */
export const P1_SERIAL = 'E0099000000000009';
const EQUIPMENT = Buffer.from(P1_SERIAL, 'latin1').toString('hex').toUpperCase();

/** The two tariff registers as shown, mWh; consumption is their sum. */
export function p1Shows(world: World): { lowMwh: number; normalMwh: number } {
  const lowMwh = world.lowTariffMwh();
  const totalMwh = world.registers(P1_DEVICE).imported.mwh;
  return { lowMwh: shownByWholeWh(lowMwh), normalMwh: shownByWholeWh(totalMwh - lowMwh) };
}

export function p1Telegram(world: World, electrical: Electrical): string {
  const timeMs = world.nowMs();
  const powerW = world.powerMw(P1_DEVICE) / 1000;
  const { lowMwh, normalMwh } = p1Shows(world);
  const lines = [
    '/SON5\\2DEMO-METER',
    '',
    '1-3:0.2.8(50)',
    `0-0:1.0.0(${stamp(world, timeMs)})`,
    `0-0:96.1.1(${EQUIPMENT})`,
    `1-0:1.8.1(${kwh(lowMwh)})`,
    `1-0:1.8.2(${kwh(normalMwh)})`,
    '1-0:2.8.1(000000.000*kWh)',
    '1-0:2.8.2(000000.000*kWh)',
    '0-0:96.14.0(0002)',
    `1-0:1.7.0(${kilowatt(powerW)})`,
    '1-0:2.7.0(00.000*kW)',
    '0-0:96.7.21(00004)',
    '0-0:96.7.9(00002)',
    ...SHARES.map((share, n) => `1-0:${32 + 20 * n}.7.0(${volts(electrical.voltageV(n, timeMs, powerW * share))})`),
    ...SHARES.map((share, n) => `1-0:${31 + 20 * n}.7.0(${amps((powerW * share) / 231)})`),
    ...SHARES.map((share, n) => `1-0:${21 + 20 * n}.7.0(${kilowatt(powerW * share)})`),
    ...SHARES.map((_, n) => `1-0:${22 + 20 * n}.7.0(00.000*kW)`),
  ];
  const body = `${lines.join('\r\n')}\r\n!`;
  return `${body}${crcText(body)}\r\n`;
}

/** CRC over everything from `/` to `!` inclusive, four upper-case hex digits. */
export function crcText(body: string): string {
  return crc16(Buffer.from(body, 'latin1'), 0).toString(16).toUpperCase().padStart(4, '0');
}

/** YYMMDDhhmmssX in local time, X being S in summer and W in winter: so the repeated hour stays unambiguous. */
function stamp(world: World, timeMs: number): string {
  const local = new Date(timeMs + world.clock.offsetMs(timeMs)).toISOString();
  const digits = local.slice(2, 19).replaceAll(/[-T:]/g, '');
  return `${digits}${world.clock.isSummer(timeMs) ? 'S' : 'W'}`;
}

function kwh(mwh: number): string {
  return `${(mwh / 1e6).toFixed(3).padStart(10, '0')}*kWh`;
}

function kilowatt(watts: number): string {
  return `${(watts / 1000).toFixed(3).padStart(6, '0')}*kW`;
}

function volts(value: number): string {
  return `${value.toFixed(1).padStart(5, '0')}*V`;
}

function amps(value: number): string {
  return `${String(Math.round(value)).padStart(3, '0')}*A`;
}
