/** Whom the replay waits for: expected agents for as long as it takes, guests only while they are there. */
import { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createDrivers } from './drivers.ts';

function opened(expected: string[]) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const socket = new Socket();
  onTestFinished(() => void socket.destroy());
  return { drivers: createDrivers(expected, stop.signal), socket, stop };
}

it('misses an expected agent until it is seen, and one that is gone until it has finished', () => {
  const { drivers, socket } = opened(['roof', 'workshop']);
  drivers.joined('roof', socket);
  expect(drivers.absent()).toEqual(['workshop']);
  drivers.asked('roof', 5);
  expect([drivers.unfinished(5), drivers.unfinished(6)]).toEqual([[], ['roof']]);
  drivers.left('roof', socket);
  expect([drivers.absent(), drivers.unfinished(6), drivers.unaware(6)]).toEqual([['workshop'], ['roof'], []]);
});

it('does not wait for one that was passed over, until it speaks again', () => {
  const { drivers, socket } = opened(['roof']);
  drivers.passOver(drivers.absent());
  expect([drivers.absent(), drivers.unfinished(6)]).toEqual([[], []]);
  drivers.joined('roof', socket);
  expect([drivers.unaware(6), drivers.unfinished(6)]).toEqual([['roof'], ['roof']]);
  drivers.passOver(['roof']);
  expect(drivers.unfinished(6)).toEqual([]);
  drivers.asked('roof', 6);
  expect(drivers.unfinished(7)).toEqual(['roof']);
});

it('ends a wait when the world ends', async () => {
  const { drivers, stop } = opened(['roof']);
  const wait = drivers.until(drivers.absent, 600_000);
  stop.abort();
  expect(await wait).toBe(false);
});
