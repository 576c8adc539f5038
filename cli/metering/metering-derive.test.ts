/** `commonworks metering derive`: what it prints, that the order of arrival does not matter, and what it says of bad files. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCoded } from '@commonworks/core';
import { Command, CommanderError } from 'commander';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { arrivals, faultyHistory } from '../../test/registers/faulty-register.ts';
import { register } from '../commands/metering.ts';
import { type DerivedFile, deriveFile } from './derive-file.ts';
import type { RegisterRow } from './read-register-rows.ts';

let dir = '';
let printed = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'derive-'));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true });
});

/** Runs the command on the text; what it printed, or the coded error's message. */
async function derive(text: string, ...flags: string[]): Promise<string> {
  const file = join(dir, 'in.csv');
  await writeFile(file, text);
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  register(program);
  printed = '';
  try {
    await program.parseAsync(['metering', 'derive', '--in', file, ...flags], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return `usage ${error.exitCode}: ${error.message}`;
    if (!isCoded(error)) throw error;
    return `${error.code}: ${error.message.replace(file, 'in.csv')}`;
  }
  return printed;
}

async function deriveJson(text: string, ...flags: string[]): Promise<DerivedFile> {
  const whole = await derive(text, ...flags, '--json');
  expect(await derive(text, ...flags, '--json', '--arrival')).toBe(whole);
  return JSON.parse(whole);
}

const table = (header: string, rows: readonly (readonly (string | number)[])[]) =>
  `${[header, ...rows.map((row) => row.join())].join('\n')}\n`;
/** 100 Wh a quarter hour, read every five minutes. */
const steady = (count: number, wh: (k: number) => number | string = (k) => 1000 + (100 * k) / 3) =>
  Array.from({ length: count }, (_, k) => [k * 300, wh(k)] as const);

describe('metering derive', () => {
  it('prints intervals and the account, with time as the file writes it', async () => {
    const seconds = await deriveJson(table('time,register_wh', steady(10)));
    expect(seconds.intervals).toEqual(
      [0, 900, 1800].map((start) => ({ start, wh: 100, quality: 'good', method: null, judgement: null })),
    );
    expect(seconds.account).toEqual({ start_wh: 1000, end_wh: 1300, booked_wh: 300, unplaced_wh: 0 });
    const iso = steady(10).map(([time, wh]) => [new Date(time * 1000).toISOString(), wh] as const);
    expect((await deriveJson(table('time,register_wh', iso))).intervals.map(({ start }) => start)).toEqual([
      '1970-01-01T00:00:00Z',
      '1970-01-01T00:15:00Z',
      '1970-01-01T00:30:00Z',
    ]);
    const text = await derive(table('time,register_wh', steady(10)));
    expect(text).toContain('booked 300.000 Wh in intervals, 0.000 Wh stand in none');
  });

  it('takes blanks for what was not read, columns in any order, comments, BOM and CRLF', async () => {
    const rows = steady(13, (k) => (k === 3 || k === 4 ? '' : 1000 + (100 * k) / 3)).map(([time, wh]) => [wh, time]);
    const text = `\ufeff# from the logger\r\n${table('Register_Wh, time', rows).replaceAll('\n', '\r\n')}`;
    const { intervals } = await deriveJson(text);
    expect(intervals.map(({ wh, quality }) => [wh, quality])).toEqual([
      [100, 'estimated'],
      [100, 'estimated'],
      [100, 'good'],
      [100, 'good'],
    ]);
  });

  it('knows a wrap by modulus and rated power, an exchange by the serial number, a stop by the power', async () => {
    const wrap = table(
      'time,register_wh',
      steady(13, (k) => (99_900 + (100 * k) / 3) % 100_000),
    );
    const wrapped = await deriveJson(wrap, '--modulus', '100000', '--rated-power', '24000');
    expect(wrapped.intervals.map(({ wh, judgement }) => [wh, judgement])).toContainEqual([100, 'rollover']);
    expect(wrapped.account).toMatchObject({ start_wh: 99_900, end_wh: 100_300, booked_wh: 400 });
    const swap = steady(13, (k) => 1000 + (100 * k) / 3 + (k > 6 ? 2000 : 0));
    const told = swap.map(([time, wh], k) => [time, wh, k > 6 ? 'B2' : 'A1']);
    const swapped = await deriveJson(table('time,register_wh,serial', told));
    expect(swapped.intervals.filter(({ judgement }) => judgement === 'swap')).toMatchObject([{ wh: null }]);
    const stop = steady(25, (k) => 1000 + (100 * Math.min(k, 6)) / 3).map(([time, wh]) => [time, wh, 400]);
    const stopped = await deriveJson(table('time,register_wh,power_w', stop));
    expect(stopped.intervals.slice(2).map(({ wh, judgement }) => [wh, judgement])).toEqual(
      Array(6).fill([null, 'frozen']),
    );
    // What is fed in may be written as negative power.
    const fed = stop.map(([time, wh]) => [time ?? 0, wh ?? 0, -400]);
    expect((await deriveJson(table('time,register_wh,power_w', fed))).intervals).toEqual(stopped.intervals);
  });

  it('moves nothing of what an honest meter of a kettle counts, whichever of its moments the powers catch', async () => {
    const isOn = (minute: number) => minute % 43 < 3;
    const minutes = Array.from({ length: 24 * 60 }, (_, minute) => minute);
    const whUntil = (minute: number) => minutes.slice(0, minute).filter(isOn).length * (2000 / 60);
    const rows = minutes
      .filter((minute) => minute % 5 === 0)
      .map((minute) => [minute * 60, Math.floor(5000 + whUntil(minute)), isOn(minute) ? 2000 : 0]);
    const { intervals } = await deriveJson(table('time,register_wh,power_w', rows), '--rated-power', '3600');
    const counted = intervals.map((_, k) => Math.floor(whUntil(15 * k + 15)) - Math.floor(whUntil(15 * k)));
    expect(intervals.map(({ wh }) => wh)).toEqual(counted);
    expect(intervals.filter(({ quality }) => quality === 'good').length).toBeGreaterThan(0.9 * intervals.length);
  });

  it('leaves gaps unplaced when asked, and the account whole', async () => {
    const gap = steady(25).filter(([, _wh], k) => k < 6 || k > 18);
    const flat = await deriveJson(table('time,register_wh', gap));
    expect(flat.intervals.map(({ method }) => method)).toContain('flat');
    const none = await deriveJson(table('time,register_wh', gap), '--gaps', 'unplaced');
    expect(none.intervals.filter(({ wh }) => wh === null).length).toBeGreaterThan(3);
    expect(none.account.booked_wh + none.account.unplaced_wh).toBeCloseTo(flat.account.booked_wh, 6);
  });

  it('names every bad row and says what to do', async () => {
    expect(await derive('')).toContain('the file is empty; its first line must be time,register_wh');
    expect(await derive('time;register_wh\n1;2\n')).toContain('separated by commas');
    expect(await derive('time,kwh\n1,2\n')).toContain('unknown column "kwh"');
    expect(await derive('time,power_w\n1,2\n')).toContain('the column register_wh is missing');
    expect(await derive('time,register_wh\n')).toContain('there is no row after the header');
    const bad = await derive('time,register_wh\nx,1\n1,-5\n2,a\n3\n2026-01-01T00:00:00,5\n4,1e300\n');
    expect(bad).toContain('cli.registers-invalid: in.csv: 6 faults');
    expect(bad).toContain('line 3: register_wh -5 is no register');
    expect(bad).toContain('line 6: time "2026-01-01T00:00:00" has no offset');
    const power = await derive('time,register_wh,power_w\n0,1,1e400\n1,1,-1e9\n2,1,5\n');
    expect(power).toContain('line 2: power_w Infinity is no power');
    expect(power).toContain('in.csv: 2 faults');
    const mixed = await derive('time,register_wh\n0,1\n2026-01-01T00:00:00Z,2\n');
    expect(mixed).toContain('line 3: time is written as iso, before as seconds');
    expect(await derive(table('time,register_wh', steady(3)), '--rated-power', '0')).toContain('usage 1:');
  });
});

it('ends the same for the whole file and for each row as it arrives, in any order', async () => {
  await fc.assert(
    fc.asyncProperty(faultyHistory, fc.infiniteStream(fc.nat({ max: 1_000_000 })), async (history, dice) => {
      const powers = history.power.flatMap(({ fromMs, energyMwh }): RegisterRow[] =>
        [0, 450_000].map((afterMs) => ({
          ...{ timeMs: fromMs + afterMs, registerMwh: null, powerW: energyMwh / 250, serial: null },
        })),
      );
      const rows = arrivals(history.samples, () => dice.next().value)
        .flat()
        .map(({ timeMs, mwh }): RegisterRow => ({ timeMs, registerMwh: mwh, powerW: null, serial: null }));
      const all = [...powers, ...rows];
      const facts = { ...(history.ratedPowerW !== undefined && { ratedPowerW: history.ratedPowerW }) };
      const rules = { facts, lengthMs: 900_000, gapRule: () => ({ method: 'flat' as const }) };
      const run = (isArrival: boolean) =>
        deriveFile({ rows: all, timeForm: 'seconds' }, { rules, modulusMwh: null, isArrival });
      const whole = await run(false);
      expect(await run(true)).toEqual(whole);
      const { start_wh, end_wh, booked_wh, unplaced_wh } = whole.answer.account;
      if (start_wh === null || end_wh === null) return;
      expect(booked_wh + unplaced_wh).toBeCloseTo(end_wh - start_wh, 3);
    }),
    { numRuns: process.env['LONG'] ? 2000 : 30 },
  );
}, 3_600_000);

/** Readings of others, with what is right about them in the first line; they do not ship with the project. */
const CASES = '../shared/cases/registers';
describe.skipIf(!existsSync(CASES))('readings of others', () => {
  it.each(['A-low-for-an-hour-then-back.csv', 'B-spike-then-silence.csv', 'E-saturated-counter.csv'])(
    '%s invents nothing and loses nothing',
    async (name) => {
      const text = readFileSync(join(CASES, name), 'utf8');
      const rated = /ratedPowerW (\d+)/.exec(text)?.[1];
      const derived = await deriveJson(text, ...(rated === undefined ? [] : ['--rated-power', rated]));
      // Each of them is of a home that uses 100 Wh a quarter hour.
      const good = derived.intervals.filter(({ quality }) => quality === 'good');
      expect(good.every(({ wh }) => Math.abs((wh ?? 0) - 100) < 0.01)).toBe(true);
      const { start_wh, end_wh, booked_wh, unplaced_wh } = derived.account;
      expect(booked_wh + unplaced_wh).toBeCloseTo((end_wh ?? 0) - (start_wh ?? 0), 3);
      expect(derived.intervals.some(({ judgement }) => judgement !== null)).toBe(true);
    },
  );
});
