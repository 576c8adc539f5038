/** The real reports of two Austrian communities, imported, allocated by us and held against the operator's result. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Comparison } from '../cli/eda/compare-report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DATA = join(ROOT, '../shared/data/community-eeg-austria');
const VIERE = join(DATA, 'viere-2022-10-04_2022-10-24.csv.gz');
const RC = join(DATA, 'rc-2023-01-01_2023-08-30.csv.gz');
const MESSAGE = join(DATA, 'eda-crmsg-2023-03-26-dst.json');
const isAbsent = !existsSync(DATA);
const dir = mkdtempSync(join(tmpdir(), 'import-eda-'));
afterAll(() => rmSync(dir, { recursive: true }));

type Imported = {
  intervals: number;
  from: string;
  to: string;
  consumers: string[];
  producers: string[];
  comparison: Comparison | null;
};

function commonworks(...args: string[]): string {
  return execFileSync(process.execPath, [join(ROOT, 'cli/main.ts'), ...args], { encoding: 'utf8', timeout: 120_000 });
}

function importEda(...args: string[]): Imported {
  return JSON.parse(commonworks('import', 'eda', ...args, '--json')) as Imported;
}

function explained(comparison: Comparison | null): Record<string, number> {
  const causes = comparison?.causes ?? [];
  return Object.fromEntries(
    causes.map(({ name, explains }) => [name, explains.offered + explains.covered + explains.surplus]),
  );
}

describe.skipIf(isAbsent)(`real community files${isAbsent ? ' (skipped: ../shared/data is not there)' : ''}`, () => {
  it('agrees with the operator in every consumer cell of a year of two glued systems', () => {
    const { intervals, consumers, producers, comparison } = importEda(RC);
    expect([intervals, consumers.length, producers.length]).toEqual([23_228, 6, 2]);
    expect(comparison?.cells).toEqual({
      offered: { compared: 99_996, same: 94_295, withinOne: 5701, differ: 0 },
      covered: { compared: 99_996, same: 96_670, withinOne: 3326, differ: 0 },
      surplus: { compared: 35_592, same: 34_011, withinOne: 1573, differ: 8 },
    });
    expect(explained(comparison)).toMatchObject({ 'each-rounded-alone': 8, 'before-last-joining': 0 });
    expect(comparison?.unexplained).toEqual({ offered: 0, covered: 0, surplus: 0 });
  });

  it('differs from the operator where one report holds several communities, and names the causes', () => {
    const { intervals, consumers, producers, comparison } = importEda(VIERE);
    expect([intervals, consumers.length, producers.length]).toEqual([2016, 25, 5]);
    expect(comparison?.cells).toEqual({
      offered: { compared: 50_016, same: 41_143, withinOne: 1628, differ: 7245 },
      covered: { compared: 50_016, same: 41_782, withinOne: 1526, differ: 6708 },
      surplus: { compared: 8640, same: 7768, withinOne: 16, differ: 856 },
    });
    expect(explained(comparison)).toEqual({
      'no-input': 0,
      'each-rounded-alone': 9,
      'surplus-deducted-twice': 768,
      'before-last-joining': 14_032,
    });
    expect(comparison?.unexplained).toEqual({ offered: 0, covered: 0, surplus: 0 });
  });

  it('foretells every consumer cell once it knows the groups, in intervals it did not learn from', () => {
    const groups = join(dir, 'groups.csv');
    const { comparison } = importEda(VIERE, '--learn-groups', groups);
    expect(comparison?.cells.offered).toEqual({ compared: 43_764, same: 42_164, withinOne: 1600, differ: 0 });
    expect(comparison?.cells.covered).toEqual({ compared: 43_764, same: 42_279, withinOne: 1485, differ: 0 });
    const again = importEda(VIERE, '--groups', groups).comparison;
    expect(again?.cells.offered).toMatchObject({ compared: 50_016, differ: 0 });
  });

  it.each([
    ['viere', VIERE],
    ['rc', RC],
  ])('imports %s into a table that allocate shares to the last mWh', (name, file) => {
    const table = join(dir, `${name}.csv`);
    const shared = join(dir, `${name}-shared.csv`);
    commonworks('import', 'eda', file, '--no-compare', '--out', table);
    const summary = JSON.parse(
      commonworks('allocate', '--method', 'pro-rata', '--missing', 'exclude', '--in', table, '--out', shared, '--json'),
    ) as Record<string, string>;
    const [produced, allocated, surplus] = ['producedKwh', 'allocatedKwh', 'surplusKwh'].map((key) =>
      BigInt((summary[key] ?? '').replace('.', '')),
    );
    expect((allocated ?? 0n) + (surplus ?? 0n)).toBe(produced);
    expect(readFileSync(shared, 'utf8').split('\n').length).toBe(readFileSync(table, 'utf8').split('\n').length);
  });

  it('reads the message of the day the clocks went forward as 92 quarter hours', () => {
    const { intervals, from, to, comparison } = importEda(MESSAGE);
    expect({ intervals, from, to, comparison }).toEqual({
      intervals: 92,
      from: '2023-03-26T00:00:00+01:00',
      to: '2023-03-26T23:45:00+02:00',
      comparison: null,
    });
  });
});
