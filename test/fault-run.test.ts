/** The bad hour, through the whole product: what the simulators' own registers and real time say, against what is booked and charged. */
import { describe, expect, it } from 'vitest';
import { accountLines } from './faults/account.ts';
import { runBadHour } from './faults/bad-hour.ts';
import { canResetMonotonic } from './faults/fault-process.ts';
import { runMonthOfLies } from './faults/month-of-lies.ts';
import { seedOf } from './setup/seed.ts';

const isLong = process.env['LONG'] === '1';
const SEED = seedOf('FAULT_SEED');
const MINUTE_MS = 60_000;
const BAD_MS = (isLong ? 40 : 1.2) * MINUTE_MS;
/** Villages one after the other, each with meters and lies of its own. */
const VILLAGES = isLong ? 10 : 1;
const MONTHS = isLong ? 2 : 1;
const HOMES = isLong ? 18 : 9;

describe('a village in its bad hour', () => {
  it(`knows when everything was, and bills nobody for another's minutes (seed ${SEED})`, {
    timeout: BAD_MS * 2 + 5 * MINUTE_MS,
  }, async () => {
    const hour = await runBadHour({ seed: SEED, forMs: BAD_MS });
    const boots = canResetMonotonic() ? '' : ' (this system lets nobody begin a boot at zero)';
    const placed = hour.placements.map(
      ({ device, readings, worstMs, wrong, unplaced }) =>
        `${device}: ${readings} readings, the worst ${worstMs} ms off, ${wrong.length} out of bounds, ${unplaced} never placed`,
    );
    process.stdout.write(`${[...hour.faults, ...placed, ...hour.sessions.lines].join('\n')}${boots}\n`);
    expect.soft(hour.unhealed).toEqual([]);
    expect.soft(hour.found).toEqual([]);
    expect.soft(hour.packs).toEqual({ lost: [], dropped: [] });
    expect.soft(hour.deadLetters.slice(0, 20)).toEqual([]);
    expect.soft(hour.placements.flatMap(({ wrong }) => wrong.slice(0, 10))).toEqual([]);
    expect.soft(hour.placements.filter(({ unplaced }) => unplaced > 0).map(({ device }) => device)).toEqual([]);
    // P1 tells its serial number as hex text, which an agent may show as text.
    expect.soft(hour.serials.length).toBe(2);
    expect.soft(hour.intervals.wrong).toEqual([]);
    expect.soft(hour.relays).toEqual([]);
    expect.soft(hour.sessions.wrong).toEqual([]);
    expect(Math.min(...hour.placements.map(({ readings }) => readings))).toBeGreaterThan(20);
  });

  it.each(Array.from({ length: VILLAGES }, (_, n) => SEED + n))(
    `books what lying meters counted to the last milliwatt-hour, or says what it could not place (seed %i, months: ${MONTHS})`,
    { timeout: 10 * MINUTE_MS },
    async (seed) => {
      const { accounts, shares } = await runMonthOfLies({ seed, months: MONTHS, homes: HOMES });
      process.stdout.write(
        `${accountLines(accounts)}\n${shares.count} intervals shared, ${shares.wrong.length} wrong\n`,
      );
      const off = accounts.filter(({ differenceMwh }) => differenceMwh !== 0);
      expect
        .soft(off.map(({ device, lies, differenceMwh }) => `${device}: ${differenceMwh} mWh (${lies})`))
        .toEqual([]);
      expect
        .soft(accounts.flatMap(({ device, wrong }) => wrong.map((line) => `${device} ${line}`)).slice(0, 30))
        .toEqual([]);
      expect.soft(shares.wrong).toEqual([]);
      expect(shares.count).toBeGreaterThan(1000);
    },
  );
});
