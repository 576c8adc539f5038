import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocateInterval } from '@commonworks/core/allocation/index.ts';
import { expect, it } from 'vitest';
import { writeWhole } from '../tables/write-whole.ts';
import { compareReport } from './compare-report.ts';
import type { EdaReport } from './eda-report.ts';
import { isoLocal } from './iso-local.ts';
import { isLearnedFrom, learnGroups } from './learn-groups.ts';
import { groupLines, groupLookup, oneGroup, readGroups } from './sharing-groups.ts';

const DAY = 96;
const FIRST_MS = Date.UTC(2023, 5, 1) - 7_200_000;
const ZONE = 'Europe/Vienna';

/** Two days: on the first A and B share the roof, C and D the barn; on the second all share both. */
function twoDays(): EdaReport {
  const consumers = ['A', 'B', 'C', 'D'].map((id) => ({
    id,
    consumed: [] as number[],
    offered: [] as number[],
    covered: [] as number[],
  }));
  const producers = ['barn', 'tower'].map((id) => ({ id, generated: [] as number[], surplus: [] as number[] }));
  const starts = Array.from({ length: 2 * DAY }, (_, i) => FIRST_MS + i * 900_000);
  for (const [i, startMs] of starts.entries()) {
    const groups = i < DAY ? [['AB', 'tower'] as const, ['CD', 'barn'] as const] : [['ABCD', 'towerbarn'] as const];
    for (const [members, plants] of groups) {
      const own = consumers.filter((one) => members.includes(one.id));
      const makers = producers.filter((one) => plants.includes(one.id));
      const share = allocateInterval({
        startMs,
        keyVersion: 'operator',
        method: 'pro-rata',
        consumers: own.map((one) => ({ id: one.id, mwh: 10_000 + ((i * one.id.charCodeAt(0) * 7919) % 400_000) })),
        producers: makers.map((one) => ({ id: one.id, mwh: (i * one.id.length * 104_729) % 300_000 })),
      });
      for (const [k, one] of own.entries()) {
        one.consumed.push(share.consumers[k]?.consumedMwh ?? 0);
        one.offered.push(share.consumers[k]?.offeredMwh ?? 0);
        one.covered.push(share.consumers[k]?.allocatedMwh ?? 0);
      }
      for (const [k, one] of makers.entries()) {
        one.generated.push(share.producers[k]?.producedMwh ?? 0);
        one.surplus.push(share.producers[k]?.surplusMwh ?? 0);
      }
    }
  }
  const intervals = starts.map((startMs) => ({ startMs, start: isoLocal(startMs, 7_200_000), line: 0, source: 0 }));
  return { intervals, consumers, producers, sources: [], silentConsumers: [], silentProducers: [], qualities: {} };
}

it('finds who shared with whom, and foretells every interval it never looked at', async () => {
  const report = twoDays();
  expect(compareReport(report, { keyVersion: 'k', groupOf: oneGroup }).cells.offered.differ).toBeGreaterThan(300);
  const spells = learnGroups(report);
  const groupOf = groupLookup(spells);
  expect(['A', 'B', 'C', 'D', 'barn', 'tower'].map((point) => groupOf(point, FIRST_MS))).toEqual([
    'tower',
    'tower',
    'barn',
    'barn',
    'barn',
    'tower',
  ]);
  expect(groupOf('A', FIRST_MS + DAY * 900_000)).toBe('all');
  const accept = (i: number): boolean => !isLearnedFrom(report.intervals[i]?.start ?? '');
  const { cells } = compareReport(report, { keyVersion: 'k', groupOf, accept });
  expect(cells.offered).toMatchObject({ compared: 2 * 84 * 4, differ: 0 });
});

it('writes groups that read back the same, and refuses two groups at a time', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'groups-'));
  const file = join(dir, 'groups.csv');
  const spells = learnGroups(twoDays());
  await writeWhole(file, groupLines(spells, ZONE));
  expect(await readGroups(file, ZONE)).toEqual(spells);
  await writeFile(
    file,
    'participant,group,from,until\nA,x,,\nA,y,2023-01-01,\nB,x,2023-02-30,\nC,x,2023-02-02,2023-02-01\n',
  );
  await expect(readGroups(file, ZONE)).rejects.toThrow(
    /3 faults[\s\S]*line 4: a day[\s\S]*line 5: until[\s\S]*A is in two groups/,
  );
  await rm(dir, { recursive: true });
});
