import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arrivals, besides, type FaultyHistory, faultyHistory, QUARTER } from '../../test/registers/faulty-register.ts';
import type { DeriveRules } from './derive-register.ts';
import { type BookedRegister, createRegisterBook } from './register-book.ts';

/** `npm run test:long` asks for more. */
const HISTORIES = process.env['LONG'] ? 20_000 : 200;
const TIMEOUT_MS = 120_000 + HISTORIES * 100;

function rulesOf({ ratedPowerW }: FaultyHistory): DeriveRules {
  return {
    facts: { refreshMs: QUARTER, ...(ratedPowerW !== undefined && { ratedPowerW }) },
    lengthMs: QUARTER,
    gapRule: () => ({ method: 'flat' }),
  };
}

async function whole(history: FaultyHistory): Promise<BookedRegister> {
  const book = createRegisterBook(rulesOf(history));
  await book.add(history.samples, history.power);
  return await book.read();
}

it(
  'ends in the intervals of the whole history, in whatever order and groups readings and powers come',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        faultyHistory,
        fc.infiniteStream(fc.nat({ max: 1_000_000 })),
        fc.boolean(),
        async (history, dice, isInOrder) => {
          const book = createRegisterBook(rulesOf(history));
          const next = () => dice.next().value;
          const groups = arrivals(history.samples, next);
          const power = [...history.power];
          for (const group of groups) {
            const untilMs = Math.max(...group.map(({ timeMs }) => timeMs));
            const some = besides(power, { untilMs, isInOrder, most: 12, dice: next }, ({ toMs }) => toMs);
            await book.add(group, some);
          }
          await book.add([], power);
          expect(await book.read()).toEqual(await whole(history));
        },
      ),
      { numRuns: HISTORIES },
    );
  },
  TIMEOUT_MS,
);

it(
  'accounts for all that the register counted: end - start = booked + unplaced',
  async () => {
    await fc.assert(
      fc.asyncProperty(faultyHistory, async (history) => {
        const { account } = await whole(history);
        if (account === null) return;
        expect(account.bookedMwh + account.unplacedMwh).toBe(account.endMwh - account.startMwh);
      }),
      { numRuns: HISTORIES },
    );
  },
  TIMEOUT_MS,
);

it(
  'never calls good what did not flow, where lies are over and can be seen',
  async () => {
    await fc.assert(
      fc.asyncProperty(faultyHistory, async (history) => {
        fc.pre(history.isPlain);
        for (const { startMs, energyMwh, quality } of (await whole(history)).intervals) {
          if (quality !== 'good' || energyMwh === null) continue;
          const truth = history.truthAt(startMs + QUARTER) - history.truthAt(startMs);
          expect(Math.abs(energyMwh - truth)).toBeLessThanOrEqual(100_000 + history.countMwh);
        }
      }),
      { numRuns: HISTORIES },
    );
  },
  TIMEOUT_MS,
);

it('ends in the intervals of the whole where hours of standing end in two rises that no connection carries', async () => {
  const rules: DeriveRules = {
    facts: { refreshMs: QUARTER, ratedPowerW: 10_000 },
    lengthMs: QUARTER,
    gapRule: () => ({ method: 'flat' }),
  };
  const wh = [0, ...Array<number>(35).fill(50), 4000, 5200, ...Array.from({ length: 20 }, (_, n) => 5210 + 10 * n)];
  const samples = wh.map((value, n) => {
    return { timeMs: 811_000 + n * 300_000, mwh: 5_000_000_000 + value * 1000, quality: 'good' as const };
  });
  const [atOnce, one] = [createRegisterBook(rules), createRegisterBook(rules)];
  await atOnce.add(samples);
  for (const sample of samples) await one.add([sample]);
  expect(await one.read()).toEqual(await atOnce.read());
});
