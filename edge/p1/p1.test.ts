import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { isCoded } from '@commonworks/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc16, P1_CRC_START } from '../modbus/crc16.ts';
import { loadProfile } from '../profile/load.ts';
import type { P1Profile } from '../profile/schema.ts';
import { createP1Meter } from './p1-meter.ts';
import { p1Readings } from './p1-reading.ts';
import { parseTelegram } from './parse-telegram.ts';
import { createTelegramSplitter } from './telegram-splitter.ts';

const data = '../shared/data';
const hasData = existsSync(`${data}/dsmr-p1`);
const zone = 'Europe/Amsterdam';
const profile = loadProfile('dsmr-p1') as P1Profile;

function telegram(lines: readonly string[]): string {
  const covered = `/ISK5\\TEST\r\n\r\n${lines.map((line) => `${line}\r\n`).join('')}!`;
  const crc = crc16(Buffer.from(covered, 'latin1'), P1_CRC_START).toString(16).toUpperCase().padStart(4, '0');
  return `${covered}${crc}\r\n`;
}

function codeOf(attempt: () => unknown): string {
  try {
    attempt();
    return 'accepted';
  } catch (error) {
    return isCoded(error) ? error.code : String(error);
  }
}

const file = (name: string) => readFileSync(`${data}/dsmr-p1/${name}`, 'latin1');
const published = hasData
  ? ['athom', 'dsmr_parser'].flatMap((folder) =>
      readdirSync(`${data}/dsmr-p1/${folder}`)
        .filter((name) => name.endsWith('.txt'))
        .map((name) => `${folder}/${name}`),
    )
  : [];

/** From the provenance note of the captures: after LF to CRLF these have the checksum they state, or none at all. */
const VALID = [
  'athom/dsmr-2.2-kfm-1.txt',
  'athom/dsmr-3.0-spec-example.txt',
  'athom/dsmr-4.2-kfm-1.txt',
  'athom/dsmr-5.0-isk-1.txt',
];

describe('A P1 telegram', () => {
  it.skipIf(!hasData)('is taken or refused by its checksum (published telegrams)', () => {
    for (const name of published) {
      const isValid = name.startsWith('dsmr_parser/') || VALID.includes(name);
      expect([name, codeOf(() => parseTelegram(file(name), zone))]).toEqual([
        name,
        isValid ? 'accepted' : 'edge.p1-crc',
      ]);
    }
    expect(published.length).toBeGreaterThan(10);
  });

  it.skipIf(!hasData)('gives sums of the tariff registers and the meter time (published DSMR 5)', () => {
    const parsed = parseTelegram(file('dsmr_parser/telegram_v5.txt'), zone);
    const readings = p1Readings(profile, parsed);
    expect(parsed.timeMs).toBe(Date.UTC(2017, 0, 2, 18, 20, 2));
    expect(readings.get('importedWh')).toEqual({ value: 6825, quality: 'good' });
    expect(readings.get('exportedWh')).toEqual({ value: 2444, quality: 'good' });
    expect(readings.get('activePowerW')).toEqual({ value: 244, quality: 'good' });
    expect(readings.get('voltageL3V')).toEqual({ value: 229, quality: 'good' });
    expect(readings.has('temperatureC')).toBe(false);
  });

  it('tells the repeated hour in autumn apart by its summer or winter flag', () => {
    const at = (stamp: string) => parseTelegram(telegram([`0-0:1.0.0(${stamp})`]), zone).timeMs;
    expect(at('251026023000S')).toBe(Date.UTC(2025, 9, 26, 0, 30));
    expect(at('251026023000W')).toBe(Date.UTC(2025, 9, 26, 1, 30));
    expect(at('250000000000W')).toBe(null);
  });

  it('takes kWh and Wh, kW and W, exactly', () => {
    const lines = ['1-0:1.8.0(00012345.678*kWh)', '1-0:2.8.0(00000007*Wh)', '1-0:1.7.0(02.5*kW)', '1-0:2.7.0(300*W)'];
    const readings = p1Readings(profile, parseTelegram(telegram(lines), zone));
    expect(readings.get('importedWh')?.value).toBe(12_345_678);
    expect(readings.get('exportedWh')?.value).toBe(7);
    expect(readings.get('activePowerW')?.value).toBe(2200);
  });

  it('reads a code with the default group F as the same register, and lists every code that came', () => {
    const lines = [
      '1-0:1.8.0*255(00012345.678*kWh)',
      '1-1:2.8.0*255(1*kWh)',
      '0-0:1.0.0*255(251026023000S)',
      '1.8.0(5*kWh)',
    ];
    const parsed = parseTelegram(telegram(lines), zone);
    expect(p1Readings(profile, parsed).get('importedWh')?.value).toBe(12_345_678);
    expect(p1Readings(profile, parsed).has('exportedWh')).toBe(false);
    expect(parsed.timeMs).toBe(Date.UTC(2025, 9, 26, 0, 30));
    expect(parsed.seen).toEqual(['1-0:1.8.0*255', '1-1:2.8.0*255', '0-0:1.0.0*255', '1.8.0']);
    expect(p1Readings(profile, parseTelegram(telegram(['1-0:1.8.0*01(5*kWh)']), zone)).size).toBe(0);
  });

  it.each([
    ['0-0:96.1.1(4530303437303030303132333435363738)', 'E0047000012345678'],
    ['0-0:96.1.1*255(4B384547303034303436333935353037)', 'K8EG004046395507'],
    ['0-0:96.1.1(00ff01)', '00FF01'],
  ])('says which meter it is: %s', (line, serial) => {
    expect(parseTelegram(telegram([line]), zone).identity).toMatchObject({ serial, manufacturer: 'ISK', model: 'EST' });
  });

  it.each(['', '0-0:96.1.1()', '0-1:96.1.0(3031)'])('says nothing of who it is: %j', (line) => {
    expect(parseTelegram(telegram([line]), zone).identity).toBeNull();
  });

  it('of version 4 or later needs its checksum', () => {
    const text = telegram(['1-3:0.2.8(50)']).replace(/![0-9A-F]{4}/, '!');
    expect(codeOf(() => parseTelegram(text, zone))).toBe('edge.p1-crc');
  });

  it('of any bytes is refused with a code, never with a crash', () => {
    const sample = telegram(['1-0:1.8.0(00012345.678*kWh)', '0-0:1.0.0(251026023000S)']);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(sample.length), (bytes, at) => {
        const text = sample.slice(0, at) + Buffer.from(bytes).toString('latin1') + sample.slice(at + 3);
        expect(codeOf(() => parseTelegram(text, zone))).toMatch(/^(accepted|edge\.p1-)/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('The bytes of a P1 port', () => {
  it.skipIf(!hasData)('give every whole telegram of a recording, cut anywhere', () => {
    const bytes = gunzipSync(readFileSync(`${data}/p1-raw-stream/ttyUSB0-first-half.bin.gz`));
    const whole = bytes.toString('latin1').split('\n!').length - 1;
    for (const size of [1, 77, 4096]) {
      const split = createTelegramSplitter();
      const telegrams: string[] = [];
      for (let at = 0; at < bytes.length; at += size) telegrams.push(...split(bytes.subarray(at, at + size)));
      const parsed = telegrams.filter((text) => codeOf(() => parseTelegram(text, zone)) === 'accepted');
      // The recording begins inside a telegram.
      expect(parsed.length).toBe(whole - 1);
    }
  });

  it('lose one telegram to noise, not the next', () => {
    const good = telegram(['1-0:1.8.0(00000001.000*kWh)']);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const split = createTelegramSplitter();
        const stream = [Buffer.from(good.slice(0, 30), 'latin1'), noise, Buffer.from(`\n${good}${good}`, 'latin1')];
        const texts = stream.flatMap((chunk) => split(chunk));
        expect(texts.filter((text) => codeOf(() => parseTelegram(text, zone)) === 'accepted').length).toBe(2);
      }),
    );
  });
});

describe('A P1 meter', () => {
  const now = Date.UTC(2025, 5, 1, 10, 0, 0);
  const at = (second: number, wh: number) =>
    telegram([`0-0:1.0.0(2506011200${String(second).padStart(2, '0')}S)`, `1-0:1.8.0(0000000${wh}.000*kWh)`]);

  it('answers with the telegram of the instant, and waits for it', async () => {
    const meter = createP1Meter({ profile, zone, now: () => now, isTimeKnown: () => true });
    const stream = new PassThrough();
    meter.attach(stream);
    stream.write(at(9, 1));
    const reading = meter.read(now + 10_000, { waitMs: 1000, ageMaxMs: 10_000 });
    setImmediate(() => stream.write(at(10, 2)));
    const snapshot = await reading;
    expect(snapshot.timeMs).toBe(now + 10_000);
    expect(snapshot.readings.get('importedWh')?.value).toBe(2000);
  });

  it('says when a telegram is older than the instant, and refuses one that is too old', async () => {
    const meter = createP1Meter({ profile, zone, now: () => now, isTimeKnown: () => true });
    const stream = new PassThrough();
    meter.attach(stream);
    stream.write(at(3, 1));
    const options = { waitMs: 1, ageMaxMs: 10_000 };
    expect((await meter.read(now + 10_000, options)).timeMs).toBe(now + 3000);
    await expect(meter.read(now + 60_000, options)).rejects.toMatchObject({ code: 'edge.p1-silent' });
  });
});
