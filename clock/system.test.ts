/** The system clock's ticks under an injected time. */
import { expect, test } from 'vitest';
import { nextTick } from './aligned-ticks.ts';
import { openClock } from './index.ts';
import { openSystemClock } from './system.ts';

test('a tick is the next whole multiple of the period plus the offset', () => {
  expect(nextTick(900_000, 900_000)).toBe(1_800_000);
  expect(nextTick(899_999, 900_000)).toBe(900_000);
  expect(nextTick(0, 1000, 250)).toBe(250);
  expect(nextTick(250, 1000, 250)).toBe(1250);
});

test('ticks that passed while the consumer was busy are skipped, not queued', async () => {
  const stop = new AbortController();
  let nowMs = 10_000;
  const ticks = openSystemClock(stop.signal, () => nowMs).ticks(1);
  setTimeout(() => {
    nowMs = 10_001;
  }, 1);
  const first = await ticks.next();
  expect(first.value).toBe(10_001);
  nowMs = 10_500;
  const waiting = ticks.next();
  nowMs = 10_502;
  expect((await waiting).value).toBe(10_502);
  stop.abort();
  expect((await ticks.next()).done).toBe(true);
});

test('a clock set back by a little never yields the same tick twice', async () => {
  const stop = new AbortController();
  let nowMs = 4;
  const ticks = openSystemClock(stop.signal, () => nowMs).ticks(5);
  const first = ticks.next();
  nowMs = 5;
  expect((await first).value).toBe(5);
  nowMs = 4;
  const second = ticks.next();
  nowMs = 10;
  expect((await second).value).toBe(10);
  stop.abort();
});

test.each([-2e9, -100_000, -1500, -30, 30, 1500, 100_000, 2e9])(
  'a clock set by %i ms neither stops the ticks nor floods with them',
  async (byMs) => {
    const stop = new AbortController();
    const [periodMs, startMs] = [20, performance.now()];
    let skewMs = 3e9;
    const now = () => Math.floor(performance.now() + skewMs);
    const ticks = openSystemClock(stop.signal, now).ticks(periodMs);
    await ticks.next();
    await ticks.next();
    skewMs += byMs;
    for (let i = 0; i < 3; i++) {
      const { value } = await ticks.next();
      expect(value).toBeLessThanOrEqual(now());
      expect(value % periodMs).toBe(0);
    }
    // Three ticks stand two periods apart at the least, whatever the clock says.
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(2 * periodMs);
    stop.abort();
  },
);

test('without an address the clock is the system clock, and close ends its ticks', async () => {
  const clock = await openClock({ signal: new AbortController().signal });
  expect(clock.status()).toMatchObject({ speed: 1, mode: 'system' });
  const waiting = clock.ticks(3_600_000).next();
  clock.close();
  expect((await waiting).done).toBe(true);
});
