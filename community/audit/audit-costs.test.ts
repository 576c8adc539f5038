/** What a slice of the audit asks the database for: as many questions for 60 homes as for 3. */
import {
  type Check,
  EMPTY_PAGE,
  FAULTS_PER_SLICE_MAX,
  runOneRound,
  type Slice,
  takeSlice,
} from '@commonworks/core/audit/index.ts';
import { expect, it } from 'vitest';
import { COMMUNITY, NOW_MS } from '../closing/test-month.ts';
import { communityChecks, judgeFault } from './community-checks.ts';
import { type Looking, openLooking } from './looking.ts';
import { breakByHand, removeSite, settledSite } from './test-site.ts';

type Cost = { readonly slices: number; readonly queriesMost: number; readonly faultsMost: number };

/** Of each check, in one round. */
async function costs(file: string): Promise<Map<string, Cost>> {
  const looking = openLooking(file);
  let queries = 0;
  const counted: Looking = {
    ...looking,
    inOneMoment: (work) =>
      looking.inOneMoment((db) =>
        work(
          db.withPlugin({
            transformQuery: ({ node }) => {
              queries++;
              return node;
            },
            transformResult: async ({ result }) => result,
          }),
        ),
      ),
  };
  const found = new Map<string, Cost>();
  const checks: Check[] = communityChecks(counted, {
    ...{ zone: COMMUNITY.zone, files: [file], seen: () => [], nowMs: () => NOW_MS, graceMs: () => 0 },
  });
  const onSlice = (name: string, slice: Slice) => {
    const { slices, queriesMost, faultsMost } = found.get(name) ?? { slices: 0, queriesMost: 0, faultsMost: 0 };
    found.set(name, {
      slices: slices + 1,
      queriesMost: Math.max(queriesMost, queries),
      faultsMost: Math.max(faultsMost, slice.faults.length),
    });
    queries = 0;
  };
  await runOneRound(checks, { onSlice, judge: judgeFault });
  looking.close();
  return found;
}

it('asks no more for 60 homes than for 3, and a bounded number for each slice', async () => {
  const [few, many] = [await settledSite(3), await settledSite(60)];
  const [ofFew, ofMany] = [await costs(few), await costs(many)];
  for (const name of ['shares', 'frozen', 'balance', 'posted-once', 'chain', 'chain-growth', 'commands'])
    expect(ofMany.get(name), name).toEqual(ofFew.get(name));
  const most = new Map([...ofMany].map(([name, { queriesMost }]) => [name, queriesMost]));
  expect(Object.fromEntries(most)).toMatchObject({
    balance: 3,
    'posted-once': 2,
    chain: 1,
    'chain-growth': 1,
    frozen: 2,
  });
  expect(most.get('shares')).toBeLessThanOrEqual(16);
  for (const file of [few, many]) removeSite(file);
});

it('tells a bounded number of findings of a slice, however much is wrong', async () => {
  const file = await settledSite(3);
  breakByHand(
    file,
    'UPDATE interval_share SET energy_mwh = energy_mwh + 1; UPDATE ledger_posting SET amount = amount + 1',
  );
  const found = await costs(file);
  expect(found.get('shares')?.faultsMost).toBe(FAULTS_PER_SLICE_MAX);
  removeSite(file);
  const fault = { at: 'a', subject: 's', message: 'm' };
  const faults = Array.from({ length: 2000 }, (_, i) => ({ ...fault, subject: `${i}` }));
  const { page } = takeSlice(EMPTY_PAGE, { next: EMPTY_PAGE.position, isRound: true, checked: 1, faults }, 1);
  expect(page.findings.length).toBe(500);
});
