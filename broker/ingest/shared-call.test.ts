import { expect, it } from 'vitest';
import { shareCalls } from './shared-call.ts';

it('however many ask, one call runs and one waits, and nobody gets an answer that began before the question', async () => {
  const answers: ((value: number) => void)[] = [];
  const ask = shareCalls(() => new Promise<number>((resolve) => answers.push(resolve)));
  const first = ask();
  await expect.poll(() => answers.length).toBe(1);
  const rest = [ask(), ask(), ask()];
  answers[0]?.(1);
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.(2);
  expect(await Promise.all([first, ...rest])).toEqual([1, 2, 2, 2]);
});

it('a call that fails does not fail those who ask after it', async () => {
  let calls = 0;
  const ask = shareCalls(async () => {
    calls += 1;
    if (calls === 1) throw new Error('the disk is gone');
    return calls;
  });
  await expect(ask()).rejects.toThrow('the disk is gone');
  expect(await ask()).toBe(2);
});
