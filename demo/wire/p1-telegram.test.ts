/** The P1 telegram: its CRC against vectors from other meters, its time stamp through the repeated hour, its registers. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createWorld } from '../world/world.ts';
import { crc16 } from './crc16.ts';
import { createElectrical } from './electrical.ts';
import { crcText, p1Shows, p1Telegram } from './p1-telegram.ts';

const CAPTURE = '../shared/data/dsmr-p1/dsmr_parser/telegram_v5.txt';
const zone = 'Europe/Vienna';
const electrical = createElectrical(1);

it('has the CRC of the published check values', () => {
  // The catalogue's check input for CRC-16/ARC and CRC-16/MODBUS.
  expect(crc16(Buffer.from('123456789'), 0)).toBe(0xbb3d);
  expect(crc16(Buffer.from('123456789'), 0xffff)).toBe(0x4b37);
});

it.skipIf(!existsSync(CAPTURE))('has the CRC that a real meter computed (capture in ../shared/data)', () => {
  const text = readFileSync(CAPTURE, 'latin1').replaceAll(/\r?\n/g, '\r\n');
  const [, body = '', crc] = /(\/[^!]*!)([0-9A-F]{4})/.exec(text) ?? [];
  expect(crcText(body)).toBe(crc);
});

it('says summer and winter in the repeated hour, and ends with a CRC over all of it', () => {
  const startMs = Date.UTC(2026, 9, 25, 0, 0);
  const world = createWorld({ seed: 3, startMs, zone });
  world.advanceTo(startMs + 1_800_000);
  const summer = p1Telegram(world, electrical);
  expect(summer).toContain('0-0:1.0.0(261025023000S)');
  world.advanceTo(startMs + 5_400_000);
  const winter = p1Telegram(world, electrical);
  expect(winter).toContain('0-0:1.0.0(261025023000W)');
  const end = winter.indexOf('!') + 1;
  expect(winter.slice(end)).toBe(`${crcText(winter.slice(0, end))}\r\n`);
});

it('shows two tariff registers whose sum is the consumption, short by less than two watt-hours', () => {
  const startMs = Date.UTC(2026, 9, 1);
  const world = createWorld({ seed: 3, startMs, zone });
  for (let hour = 1; hour < 60; hour++) {
    world.advanceTo(startMs + hour * 3_600_000);
    const { lowMwh, normalMwh } = p1Shows(world);
    const exactMwh = world.registers('home-9').imported.mwh;
    expect(exactMwh - lowMwh - normalMwh).toBeGreaterThanOrEqual(0);
    expect(exactMwh - lowMwh - normalMwh).toBeLessThan(2000);
    expect(p1Telegram(world, electrical)).toContain(`1-0:1.8.1(${(lowMwh / 1e6).toFixed(3).padStart(10, '0')}*kWh)`);
  }
});
