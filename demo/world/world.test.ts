/** Laws of the simulated world: energy is conserved, registers only rise, and a run can be repeated and resumed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOILER } from './boiler.ts';
import { METERED_DEVICES } from './cast.ts';
import { createWorld, type World } from './world.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 9, 24, 22);
const options = { seed: 7, startMs: START, zone: 'Europe/Vienna' };

function readAll(world: World): { imported: number; exported: number }[] {
  return METERED_DEVICES.map((device) => {
    const { imported, exported } = world.registers(device);
    return { imported: imported.mwh, exported: exported.mwh };
  });
}

describe('the world', () => {
  it('has a grid that is the sum of all others plus the losses, in every step and in the registers', () => {
    const world = createWorld(options);
    const before = readAll(world);
    for (let timeMs = START; timeMs <= START + 2 * DAY_MS; timeMs += 601_000) {
      world.advanceTo(timeMs);
      const powers = METERED_DEVICES.map((device) => world.powerMw(device));
      const grid = world.powerMw('grid-1');
      const others = powers.reduce((sum, power) => sum + power, 0) - grid;
      expect(grid - others).toBeGreaterThanOrEqual(0);
    }
    const after = readAll(world);
    let balanceMwh = 0;
    for (const [n, device] of METERED_DEVICES.entries()) {
      const netMwh =
        (after[n]?.imported ?? 0) - (before[n]?.imported ?? 0) - (after[n]?.exported ?? 0) + (before[n]?.exported ?? 0);
      balanceMwh += device === 'grid-1' ? netMwh : -netMwh;
    }
    // Each of the registers may hold back less than one mWh of its own.
    expect(Math.abs(balanceMwh - world.lossesMwh())).toBeLessThanOrEqual(2 * METERED_DEVICES.length + 1);
  });

  it('has registers that only rise, however time is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5_000_000 }), { minLength: 1, maxLength: 40 }), (steps) => {
        const world = createWorld(options);
        let last = readAll(world);
        for (const step of steps) {
          world.advanceTo(world.nowMs() + step);
          const now = readAll(world);
          for (const [n, registers] of now.entries()) {
            expect(registers.imported).toBeGreaterThanOrEqual(last[n]?.imported ?? 0);
            expect(registers.exported).toBeGreaterThanOrEqual(last[n]?.exported ?? 0);
          }
          last = now;
        }
      }),
      { numRuns: 25 },
    );
  });

  it('is the same for the same seed, however time is cut and wherever it is resumed', () => {
    const end = START + DAY_MS;
    const whole = createWorld(options);
    whole.advanceTo(end);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: DAY_MS - 1 }), { minLength: 1, maxLength: 12 }), (cuts) => {
        let world = createWorld(options);
        for (const cut of cuts.toSorted((a, b) => a - b)) {
          world.advanceTo(START + cut);
          world = createWorld(options, JSON.parse(JSON.stringify(world.snapshot())));
        }
        world.advanceTo(end);
        expect(world.snapshot()).toEqual(whole.snapshot());
      }),
      { numRuns: 15 },
    );
  });

  it('is another one for another seed', () => {
    const one = createWorld(options);
    const other = createWorld({ ...options, seed: 8 });
    one.advanceTo(START + DAY_MS);
    other.advanceTo(START + DAY_MS);
    expect(readAll(one)).not.toEqual(readAll(other));
  });

  it('keeps the battery within its limits and the night without sun', () => {
    const world = createWorld(options);
    for (let timeMs = START; timeMs < START + 5 * DAY_MS; timeMs += 900_000) {
      world.advanceTo(timeMs);
      expect(world.socPct()).toBeGreaterThan(7.5);
      expect(world.socPct()).toBeLessThan(96.5);
      expect(Math.abs(world.powerMw('bat-1'))).toBeLessThanOrEqual(10_000_000);
      if (new Date(timeMs).getUTCHours() === 0) expect(world.powerMw('pv-1')).toBe(0);
    }
  });
});

describe('controls', () => {
  const noon = Date.UTC(2026, 9, 25, 10, 30);

  it('limit the inverter at once, and the limit ends with its timer to the millisecond', () => {
    const world = createWorld(options);
    world.advanceTo(noon);
    const freeMw = -world.powerMw('pv-1');
    expect(freeMw).toBeGreaterThan(3_000_000);
    world.setPvLimit({ pct: 2, isEnabled: true, revertS: 90 });
    expect(-world.powerMw('pv-1')).toBe(1_200_000);
    const before = world.registers('pv-1').exported.mwh;
    world.advanceTo(noon + 90_000);
    expect(world.registers('pv-1').exported.mwh - before).toBe(30_000);
    expect(world.pvLimit().isEnabled).toBe(true);
    world.advanceTo(noon + 90_001);
    expect(world.pvLimit()).toMatchObject({ isEnabled: false, revertAtMs: null });
    expect(-world.powerMw('pv-1')).toBeGreaterThan(1_200_000);
  });

  it('take the laser off its power, and what it would have drawn is not metered', () => {
    const world = createWorld(options);
    world.setRelay('laser-1-relay', false);
    const before = world.registers('laser-1').imported.mwh;
    world.advanceTo(START + 3 * DAY_MS);
    expect(world.registers('laser-1').imported.mwh).toBe(before);
  });
});

describe('the boiler', () => {
  const heats = (world: World) => world.registers('boiler-1-meter').imported.mwh;

  it('takes nothing until its relay gives power, then heats up and holds its heat by its thermostat', () => {
    const world = createWorld(options);
    const cold = heats(world);
    world.advanceTo(START + DAY_MS);
    expect(heats(world)).toBe(cold);
    world.setRelay('boiler-1', true);
    expect(world.powerMw('boiler-1-meter')).toBe(BOILER.powerW * 1000);
    world.advanceTo(START + 2 * DAY_MS);
    const full = heats(world);
    expect(full - cold).toBeGreaterThan(BOILER.capacityWh * 1000);
    world.advanceTo(START + 4 * DAY_MS);
    // Full, it takes what is drawn from it, give or take one heating.
    const [drawnMwh, bandMwh] = [2 * 24 * BOILER.drawnW * 1000, BOILER.capacityWh * 200];
    expect(Math.abs(heats(world) - full - drawnMwh)).toBeLessThan(bandMwh);
    world.setRelay('boiler-1', false);
    expect(world.powerMw('boiler-1-meter')).toBe(0);
  });

  it('is as warm however time is cut', () => {
    const whole = createWorld(options);
    const cut = createWorld(options);
    for (const world of [whole, cut]) world.setRelay('boiler-1', true);
    for (let timeMs = START; timeMs < START + DAY_MS; timeMs += 777_001) cut.advanceTo(timeMs);
    for (const world of [whole, cut]) world.advanceTo(START + DAY_MS);
    expect(cut.snapshot()).toEqual(whole.snapshot());
  });
});

describe('the workshop', () => {
  const world = createWorld(options);
  const sessions = Array.from({ length: 60 }, (_, n) => world.plan.sessionsOf(20_700 + n)).flat();

  it('is used on most days, within the bookings, and nobody is at two machines at once', () => {
    expect(sessions.length).toBeGreaterThan(60);
    for (const session of sessions) {
      expect(session.inMs).toBeGreaterThanOrEqual(session.bookedFromMs);
      expect(session.outMs).toBeLessThan(session.bookedToMs);
      expect(session.bookedFromMs % 900_000).toBe(0);
      for (const other of sessions) {
        if (other === session || (other.machine !== session.machine && other.maker !== session.maker)) continue;
        expect(other.bookedFromMs >= session.bookedToMs || other.bookedToMs <= session.bookedFromMs).toBe(true);
      }
    }
  });

  it('stops the replay at every badge and at every begin and end of work', () => {
    const [session] = sessions;
    if (session === undefined) throw new Error('there is no session');
    const replayed = createWorld({ ...options, startMs: session.bookedFromMs - 900_000 });
    const instants: number[] = [];
    while (replayed.nowMs() < session.bookedToMs) {
      replayed.advanceTo(replayed.nextInstantMs());
      instants.push(replayed.nowMs());
    }
    expect(instants).toContain(session.inMs);
    expect(instants).toContain(session.outMs);
    for (const phase of session.phases) expect(instants).toContain(phase.fromMs);
  });
});
