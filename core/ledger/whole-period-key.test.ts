/** An export of a month whose key counted points for the whole period and whose battery was a producer: it stays provable. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BundleFault, createBundleCheck } from './index.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const file = new URL('./fixtures/whole-period-key.jsonl', import.meta.url);
const lines = readFileSync(file, 'utf8').trimEnd().split('\n');

function check(text: readonly string[]) {
  const bundle = createBundleCheck({ sha256 });
  try {
    for (const line of text) bundle.line(line);
    return bundle.verdict();
  } catch (error) {
    if (error instanceof BundleFault) return bundle.verdict(error);
    throw error;
  }
}

it('is verified by the rules its header names: two points of one member halve her shares, all the battery gave is production', () => {
  expect(check(lines)).toMatchObject({ verdict: 'consistent', fault: null, runs: 1, entries: 13 });
});

it('is broken when one of its shares is changed', () => {
  const at = lines.findIndex((line) => line.startsWith('[') && line.split(',').length === 7);
  const changed = lines.map((line, i) => (i === at ? line.replace(/,(\d+),(-?\d+)\]$/, ',1$1,$2]') : line));
  expect(check(changed)).toMatchObject({ verdict: 'broken', fault: { line: at + 1 } });
});
