/** What a hub's time is worth: by a time service, by a person's word, by a clock chip, and by nothing. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ChipPair, fitChip, readChip, timeOfChip } from './clock-chip.ts';
import { type HubTimeOptions, openHubTime } from './hub-time.ts';
import { confirmTime } from './keep-hub-time.ts';

const DAY = 86_400_000;
const TRUE_0 = Date.UTC(2026, 10, 1);
const BOOT = '01890000-0000-7000-8000-0000000000b1';

/** A machine with a crystal that runs slow by `ppm`, a wall clock of its own, and a time service that answers as told. */
function machine(ppm = 0) {
  const dir = mkdtempSync(join(tmpdir(), 'hub-time-'));
  const stop = new AbortController();
  onTestFinished(() => {
    stop.abort();
    rmSync(dir, { recursive: true });
  });
  const at = { trueMs: TRUE_0, wallOffsetMs: 0, isSynchronised: false, boot: BOOT };
  const up = () => (at.trueMs - TRUE_0) * (1 - ppm / 1e6);
  const options: HubTimeOptions = {
    ...{ kind: 'ask', dir, signal: stop.signal, lookEveryMs: 3_600_000, chipFile: join(dir, 'none') },
    wall: () => TRUE_0 + up() + at.wallOffsetMs,
    up,
    readSync: async () => ({ isSynchronised: at.isSynchronised, service: null, errorMs: 3 }),
  };
  return { at, dir, open: () => openHubTime({ ...options, boot: at.boot }) };
}

const TICK_S = 10;

/** A chip that is ten seconds later each time, until the test is over; a reader never sees half a number. */
function tickingChip(dir: string, name: string, fromS: number): string {
  const file = join(dir, name);
  let second = fromS;
  const show = () => {
    writeFileSync(`${file}.next`, `${second}\n`);
    second += TICK_S;
    renameSync(`${file}.next`, file);
  };
  show();
  const timer = setInterval(show, 200);
  onTestFinished(() => clearInterval(timer));
  return file;
}

describe('the time of a hub', () => {
  it('is not trusted when nothing vouches for it, and is what the machine says', async () => {
    const { open } = machine();
    expect((await open()).state()).toMatchObject({ isTrusted: false, source: 'none', nowMs: TRUE_0, errorMs: null });
  });

  it('is the machine clock while the time service vouches, and holds on for days when that falls silent', async () => {
    const { at, open } = machine();
    at.isSynchronised = true;
    const hub = await open();
    expect(hub.state()).toMatchObject({ isTrusted: true, source: 'system', errorMs: 3 });
    at.isSynchronised = false;
    at.trueMs += 3 * 3_600_000;
    at.wallOffsetMs = -7_000_000;
    await hub.refresh();
    expect(hub.state()).toMatchObject({ isTrusted: true, source: 'system', nowMs: at.trueMs });
    at.trueMs += 4 * DAY;
    expect(hub.state()).toMatchObject({ isTrusted: false });
  });

  it('goes on by elapsed time when somebody sets the clock, whatever the time service still says', async () => {
    const { at, open } = machine();
    at.isSynchronised = true;
    const hub = await open();
    for (const byMs of [-7_200_000, 7_200_000]) {
      at.trueMs += 60_000;
      at.wallOffsetMs = byMs;
      expect(hub.state()).toMatchObject({ isTrusted: true, source: 'system', nowMs: at.trueMs });
      await hub.refresh();
      expect(hub.state()).toMatchObject({ isTrusted: true, source: 'system', nowMs: at.trueMs });
    }
    // It has measured the clock again since, and still vouches for it: then it was elapsed time that lied.
    at.trueMs += 1_200_000;
    await hub.refresh();
    expect(hub.state()).toMatchObject({ isTrusted: true, nowMs: at.trueMs + 7_200_000 });
  });

  it('is what a person confirms when the time service was wrong and the clock was set', async () => {
    const { at, dir, open } = machine();
    at.isSynchronised = true;
    at.wallOffsetMs = -7_200_000;
    const hub = await open();
    at.trueMs += 60_000;
    at.wallOffsetMs = 0;
    await hub.refresh();
    expect(hub.state()).toMatchObject({ source: 'system', nowMs: at.trueMs - 7_200_000 });
    at.trueMs += 60_000;
    await confirmTime(dir, hub, { browserMs: at.trueMs, roundTripMs: 0, by: 'Olga' });
    expect(hub.state()).toMatchObject({ isTrusted: true, source: 'confirmed', nowMs: at.trueMs });
  });

  it('is corrected by a person, keeps that across a restart of the process and a set clock, and loses it with the boot', async () => {
    const { at, dir, open } = machine();
    at.wallOffsetMs = -7_200_000;
    const hub = await open();
    const changes: boolean[] = [];
    hub.onChange(({ isTrusted }) => changes.push(isTrusted));
    const said = await confirmTime(dir, hub, { browserMs: at.trueMs, roundTripMs: 0, by: 'Olga' });
    expect(said).toMatchObject({ by: 'Olga', offsetMs: 7_200_000, errorMs: 500, atMs: at.trueMs });
    expect(hub.state()).toMatchObject({ isTrusted: true, source: 'confirmed', correctionMs: 7_200_000, errorMs: 500 });
    expect(changes).toEqual([true]);
    at.trueMs += 3_600_000;
    at.wallOffsetMs = 99_000;
    const again = await open();
    expect(again.state()).toMatchObject({ isTrusted: true, nowMs: at.trueMs, errorMs: 500 + 360 });
    at.boot = '01890000-0000-7000-8000-0000000000b2';
    expect((await open()).state()).toMatchObject({ isTrusted: false, source: 'none' });
  });

  it('stays within the bound it states, whatever the crystal within 100 ppm and however often it was confirmed', async () => {
    const gaps = fc.array(fc.integer({ min: 60_000, max: 3 * DAY }), { minLength: 1, maxLength: 6 });
    const errors = fc.integer({ min: -450, max: 450 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -99, max: 99 }), gaps, errors, async (ppm, waits, browserErrorMs) => {
        const { at, dir, open } = machine(ppm);
        const hub = await open();
        for (const [i, wait] of waits.entries()) {
          const browserMs = at.trueMs + (i % 2 === 0 ? browserErrorMs : -browserErrorMs);
          await confirmTime(dir, hub, { browserMs, roundTripMs: 0, by: 'Olga' });
          at.trueMs += wait;
          const { nowMs, errorMs } = hub.state();
          expect(Math.abs(nowMs - at.trueMs)).toBeLessThanOrEqual((errorMs ?? 0) + 1);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is trusted longer once two confirmations a day apart have told the drift', async () => {
    const { at, dir, open } = machine(40);
    const hub = await open();
    const confirm = () => confirmTime(dir, hub, { browserMs: at.trueMs, roundTripMs: 0, by: 'Olga' });
    const lastsMs = () => (hub.state().untilMs ?? 0) - at.trueMs;
    await confirm();
    expect(lastsMs()).toBeLessThan(DAY * 4);
    at.trueMs += DAY;
    await confirm();
    expect(lastsMs()).toBeGreaterThan(DAY * 12);
  });
});

describe('a clock chip', () => {
  /** A chip that runs fast by `ppm` and is compared every six hours. */
  const pairs = (ppm: number, count: number, isKept = false): ChipPair[] =>
    Array.from({ length: count }, (_, i) => {
      const elapsedMs = (i * DAY) / 4;
      const chipMs = TRUE_0 + 5000 + elapsedMs * (1 + ppm / 1e6);
      return { chipMs, atMs: TRUE_0 + elapsedMs, errorMs: 50, boot: BOOT, isKept };
    });

  it('tells the time a week later within the bound it states, once its drift was measured', () => {
    const fit = fitChip(pairs(12, 9));
    expect(fit).not.toBeNull();
    if (fit === null) return;
    const elapsedMs = 9 * DAY;
    const told = timeOfChip(fit, TRUE_0 + 5000 + elapsedMs * (1 + 12 / 1e6));
    expect(Math.abs(told.atMs - (TRUE_0 + elapsedMs))).toBeLessThan(told.errorMs);
    expect(told.errorMs).toBeLessThan(5000);
  });

  it('is not measured within hours, nor while the kernel sets it again and again', () => {
    expect(fitChip([])).toBeNull();
    expect(fitChip(pairs(12, 3))).toBeNull();
    expect(fitChip(pairs(0, 40, true))).toBeNull();
  });

  it('counts no span in which somebody set it', () => {
    const before = pairs(12, 9);
    const last = before[8];
    const after = before.map((pair) => ({ ...pair, chipMs: pair.chipMs + 3_600_000, atMs: pair.atMs + 3 * DAY }));
    const fit = fitChip([...before, ...after]);
    expect(last).toBeDefined();
    expect(Math.abs((fit?.ratePpm ?? 99) + 12)).toBeLessThan(1);
  });

  it('is read at a change of its second, and is none when it stands still or is not there', async () => {
    const { dir } = machine();
    const file = join(dir, 'since_epoch');
    expect(await readChip(file)).toBeNull();
    writeFileSync(file, '1790000000\n');
    expect(await readChip(file)).toBeNull();
    const read = (await readChip(tickingChip(dir, 'ticking', 1_790_000_000))) ?? 0;
    expect([read % 1000, read > 1_790_000_000_000]).toEqual([0, true]);
  });

  it('gives a hub its time after a boot without a network', async () => {
    const { at, dir, open } = machine();
    const nowChipS = Math.ceil((TRUE_0 + 5000 + 3 * DAY) / 1000);
    at.trueMs = nowChipS * 1000 - 5000;
    at.wallOffsetMs = -30 * DAY;
    writeFileSync(join(dir, 'clock-chip.json'), JSON.stringify(pairs(0, 9)));
    tickingChip(dir, 'none', nowChipS - TICK_S);
    const state = (await open()).state();
    expect(state).toMatchObject({ source: 'chip', isTrusted: true });
    // The chip was read at some tick after that.
    const passedMs = state.nowMs - at.trueMs;
    const ticksMs = Math.max(0, Math.round(passedMs / (TICK_S * 1000))) * TICK_S * 1000;
    expect(state.errorMs).toBeLessThan(1000);
    expect(Math.abs(passedMs - ticksMs)).toBeLessThan(state.errorMs ?? 0);
  });
});
