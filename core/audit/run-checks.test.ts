/** How checks take turns, rest, go on, and say when they cannot look. */
import { expect, it } from 'vitest';
import { auditKey, BEGINNING, type Check, lastSlice, type Slice } from './check.ts';
import { type RunOptions, runChecks, runOneRound } from './run-checks.ts';

/** Three slices of 10 ms a round. */
const check = (name: string, everyMs: number, clock: { ms: number }): Check => ({
  ...{ name, invariant: 'chain', everyMs },
  look: ({ after }) => {
    clock.ms += 10;
    const at = after === '' ? 1 : Number(after) + 1;
    return at === 3
      ? lastSlice(1, [])
      : { next: { after: auditKey(at), memo: '' }, isRound: false, checked: 1, faults: [] };
  },
});

async function runFor(
  checks: (clock: { ms: number }) => Check[],
  untilMs: number,
  positions: RunOptions['positions'] = new Map(),
) {
  const clock = { ms: 0 };
  const seen: { name: string; atMs: number; slice: Slice }[] = [];
  let restMs = 0;
  await runChecks(checks(clock), {
    ...{
      positions,
      elapsedMs: () => clock.ms,
      judge: (error) => ((error as Error).message === 'busy' ? 'later' : `no: ${error}`),
    },
    pause: async (ms) => {
      restMs += ms;
      clock.ms += ms;
      return clock.ms < untilMs;
    },
    onSlice: (name, slice) => void seen.push({ name, atMs: clock.ms, slice }),
  });
  return { seen, restMs, totalMs: clock.ms };
}

it('rests nineteen times as long as it looks, takes turns, and begins a round when it is due', async () => {
  const { seen, totalMs } = await runFor((clock) => [check('a', 5000, clock), check('b', 60_000, clock)], 5900);
  expect(seen.slice(0, 6).map(({ name }) => name)).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  expect(seen.slice(6).map(({ name }) => name)).toEqual(['a', 'a', 'a']);
  expect((seen.length * 10) / totalMs).toBeLessThan(0.05);
});

it('goes on where it stopped', async () => {
  const position = { after: auditKey(2), memo: '' };
  const { seen } = await runFor((clock) => [check('a', 60_000, clock)], 1000, new Map([['a', position]]));
  expect(seen[0]?.slice.isRound).toBe(true);
});

it('says that it could not look, and looks again where nobody is to blame', async () => {
  const failing = (message: string): Check => ({
    ...{ name: 'a', invariant: 'files', everyMs: 1000 },
    look: () => {
      throw new Error(message);
    },
  });
  const slices: Slice[] = [];
  const onSlice = (_: string, slice: Slice) => void slices.push(slice);
  const judge = (error: unknown) => ((error as Error).message === 'busy' ? 'later' : 'could not be looked at');
  await runOneRound([failing('bad')], { onSlice, judge });
  expect(slices[0]).toMatchObject({ isRound: true, next: BEGINNING, faults: [{ message: 'could not be looked at' }] });
  await runOneRound([failing('busy')], { onSlice, judge });
  expect(slices[1]).toMatchObject({ isSkipped: true, faults: [] });
});
