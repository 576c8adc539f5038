/** Closing a month: per meter, by name, with values that people type and energy that stands nowhere. */
import { createBundleCheck } from '@commonworks/core/ledger/index.ts';
import { describe, expect, it } from 'vitest';
import type { Db } from '../database.ts';
import { intervalsCsv } from '../http/intervals-csv.ts';
import { exportBundle } from '../ledger/export-bundle.ts';
import { sha256 } from '../ledger/sha256.ts';
import { effectiveIntervals } from '../metering/effective-interval.ts';
import { serveRequests } from '../metering/serve-requests.ts';
import { listPoints } from '../register/points.ts';
import { memberShare } from '../settlement/member-share.ts';
import { listSettlements } from '../settlement/runs.ts';
import { settleDue } from '../settlement/settle-due.ts';
import { settleMonth } from '../settlement/settle-month.ts';
import { memberStatement } from '../settlement/statement.ts';
import { settledIntervals } from '../settlement/statement-trace.ts';
import { decide } from './decide.ts';
import { monthReadiness } from './month-readiness.ts';
import { nameReadiness, readNames } from './names.ts';
import { previewMonth } from './preview-month.ts';
import type { AccountRegister } from './register-account.ts';
import { findGap, listSubstitutes, recordSubstitute, withdrawSubstitute } from './substitutes.ts';
import { suggestSubstitutes } from './suggest-substitutes.ts';
import {
  ANNA,
  arriveLate,
  COMMUNITY,
  COUNT,
  END_MS,
  MONTH,
  meteredMonth,
  NOW_MS,
  Q,
  register,
  T0,
  THEO,
} from './test-month.ts';
import { keepOlderRun } from './test-older-run.ts';

const DAY = '2026-10-31';
const by = (reason: string) => ({ reason, author: THEO, nowMs: NOW_MS });
const settle = (db: Db, missing: 'refuse' | 'exclude' = 'refuse') =>
  settleMonth(db, { community: COMMUNITY, month: MONTH, nowMs: NOW_MS, missing });
const statement = (db: Db) => memberStatement(db, { community: COMMUNITY, member: ANNA, month: MONTH, nowMs: NOW_MS });

async function readiness(db: Db) {
  const raw = await monthReadiness(db, { zone: COMMUNITY.zone, month: MONTH, nowMs: NOW_MS });
  if (raw === null) throw new Error('nothing to settle');
  return nameReadiness(raw, await readNames(db));
}
async function annas(db: Db): Promise<AccountRegister> {
  const point = (await listPoints(db)).find(({ name }) => name === 'Home 1');
  if (point === undefined) throw new Error('no home');
  return { point, direction: 0 };
}
async function type(
  db: Db,
  span: [number, number],
  value: { energyMwh: number; spread: 'flat' | 'day-before' | 'load-curve' } | { energiesMwh: number[] },
) {
  const request = {
    register: 'importedWh' as const,
    fromMs: T0 + span[0] * Q,
    toMs: T0 + span[1] * Q,
    reason: 'as the reader said',
    value,
  };
  const home = await annas(db);
  const result = await db.transaction().execute((tx) => recordSubstitute(tx, home, { request, ...by(request.reason) }));
  await serveRequests(db);
  return result;
}
/** Registers 11 to 19 of Anna's meter are missing: the intervals 10 to 19. */
const isGap = (device: string, k: number) => device === 'home-1' && k > 10 && k < 20;
const GAP = 10;
const gapMwh = Math.round((register('home-1', 20) - register('home-1', 10)) * 1000);

describe('a month', () => {
  it('stays open while one of many meters is silent, and says whose', async () => {
    // One of 24 homes is 4.0 % of all rows.
    await using db = await meteredMonth(24, (device) => device !== 'home-7');
    expect(await settleDue(db, COMMUNITY, NOW_MS)).toEqual([]);
    const { isReady, registers } = await readiness(db);
    expect(isReady).toBe(false);
    expect(registers.filter(({ open }) => open.length > 0)).toMatchObject([
      { pointName: 'Home 7', owner: 'Theo', expected: COUNT, missing: COUNT, measured: 0, newestMs: null },
    ]);
    const refused = await settle(db);
    expect(!refused.ok && refused.message).toBe(
      `Home 7: ${COUNT} of ${COUNT} quarter hours are missing; Home 7 was never heard`,
    );
  });

  it('closes by itself when every meter is complete, whatever is estimated at an edge', async () => {
    await using db = await meteredMonth(3);
    expect(await settleDue(db, COMMUNITY, NOW_MS)).toMatchObject([{ month: MONTH }]);
    expect((await listSettlements(db))[0]?.reasons).toEqual([]);
  });

  it('waits for more than a few estimates in gaps, until a person takes them as they are', async () => {
    await using db = await meteredMonth(2);
    await db
      .updateTable('interval')
      .set({ quality: 1, method: 'flat' })
      .where('point_no', '=', 2)
      .where('start_ms', '<', T0 + 5 * Q)
      .execute();
    expect((await readiness(db)).registers.map(({ open }) => open)).toEqual([[], ['estimated'], []]);
    await db.updateTable('interval').set({ method: 'interpolated' }).where('point_no', '=', 2).execute();
    expect((await readiness(db)).isReady).toBe(true);
    await db
      .updateTable('interval')
      .set({ method: 'day-before' })
      .where('point_no', '=', 2)
      .where('start_ms', '<', T0 + 5 * Q)
      .execute();
    const { registers } = await readiness(db);
    const [, home] = registers;
    if (home === undefined) throw new Error('no register');
    const order = {
      month: MONTH,
      register: home,
      matters: home.open,
      isAccepted: true,
      ...by('the meter was changed'),
    };
    await db.transaction().execute((tx) => decide(tx, order));
    expect(await settleDue(db, COMMUNITY, NOW_MS)).toHaveLength(1);
    expect((await listSettlements(db))[0]?.reasons).toEqual([
      `Home 1: 5 of ${COUNT} quarter hours lie in gaps that an estimate filled, decided by Theo: the meter was changed`,
    ]);
  });

  it('is open again when a hole grew after it was decided, and when the decision is taken back', async () => {
    await using db = await meteredMonth(2, (device, k) => !isGap(device, k));
    const word = async (isAccepted: boolean) => {
      const home = (await readiness(db)).registers[1];
      if (home === undefined) throw new Error('no register');
      const order = {
        month: MONTH,
        register: home,
        matters: ['missing' as const, 'unplaced' as const],
        isAccepted,
        ...by('lost for good'),
      };
      await db.transaction().execute((tx) => decide(tx, order));
      return (await readiness(db)).isReady;
    };
    expect(await word(true)).toBe(true);
    expect(await word(false)).toBe(false);
    expect(await word(true)).toBe(true);
    await db
      .updateTable('interval')
      .set({ energy_mwh: null, quality: 5 })
      .where('point_no', '=', 2)
      .where('start_ms', '=', T0 + 50 * Q)
      .execute();
    expect((await readiness(db)).isReady).toBe(false);
  });

  it('keeps names out of what it stores, and ids out of what it says', async () => {
    await using db = await meteredMonth(2, (device, k) => !isGap(device, k));
    const exclude = { missing: 'exclude', decision: { reason: 'the meter burnt', author: THEO } } as const;
    const run = await settleMonth(db, { community: COMMUNITY, month: MONTH, nowMs: NOW_MS, ...exclude });
    expect(run.ok && run.value.notes).not.toMatch(/Home|Theo/);
    const [{ reasons } = { reasons: [] }] = await listSettlements(db);
    expect(reasons).toEqual([
      `Home 1: ${GAP} of ${COUNT} quarter hours are missing and were left out, decided by Theo: the meter burnt`,
      expect.stringMatching(
        /^Home 1: 0\.\d+ kWh between .* stand in no quarter hour, decided by Theo: the meter burnt$/,
      ),
    ]);
    await db.updateTable('member').set({ name: 'Theodora' }).where('id', '=', THEO).execute();
    expect((await listSettlements(db))[0]?.reasons[0]).toContain('Theodora');
  });

  it('can be previewed: who would owe what, and nothing is written', async () => {
    await using db = await meteredMonth(2);
    const preview = await previewMonth(db, { community: COMMUNITY, month: MONTH, nowMs: NOW_MS });
    expect(await db.selectFrom('settlement_run').selectAll().execute()).toEqual([]);
    expect(await db.selectFrom('ledger_entry').selectAll().execute()).toEqual([]);
    await settle(db);
    const final = await statement(db);
    expect(preview.ok && preview.value.members.find(({ name }) => name === 'Anna')).toMatchObject({
      member: ANNA,
      usedMwh: final?.energy.consumedMwh,
      allocatedMwh: final?.energy.allocatedMwh,
      amountMinor: final?.totalMinor,
    });
  });
});

describe('a substitute value', () => {
  it('closes the gap, is estimated, and stands on draft, bill, trace, table and proof as typed by a person', async () => {
    await using db = await meteredMonth(3, (device, k) => !isGap(device, k));
    expect((await type(db, [8, 24], { energyMwh: gapMwh, spread: 'flat' })).ok).toBe(true);
    const draft = await statement(db);
    expect(draft?.account).toMatchObject([
      {
        pointName: 'Home 1',
        substitutes: [
          {
            fromMs: T0 + 10 * Q,
            toMs: T0 + 20 * Q,
            intervals: GAP,
            energyMwh: gapMwh,
            author: 'Theo',
            reason: 'as the reader said',
          },
        ],
      },
    ]);
    expect(draft?.energy).toMatchObject({
      quality: 'estimated',
      consumedMwh: Math.round((register('home-1', COUNT) - register('home-1', 0)) * 1000),
    });
    expect(await settleDue(db, COMMUNITY, NOW_MS)).toHaveLength(1);
    const final = await statement(db);
    expect(final).toMatchObject({
      energy: draft?.energy ?? {},
      account: draft?.account ?? [],
      totalMinor: draft?.totalMinor,
    });
    expect((await listSettlements(db))[0]?.reasons.join()).toContain('typed by a person: as the reader said (Theo)');
    const frozen = (await settledIntervals(db, { member: ANNA, day: DAY })) ?? [];
    const live = (await memberShare(db, { member: ANNA, day: DAY, zone: COMMUNITY.zone, nowMs: NOW_MS }))?.day
      .intervals;
    expect(frozen).toEqual(live);
    expect(frozen.filter(({ method }) => method === 'substitute')).toHaveLength(GAP);
    expect(
      intervalsCsv(frozen)
        .split('\n')
        .filter((line) => line.endsWith(',substitute,"typed by a person: as the reader said"')),
    ).toHaveLength(GAP);
    const check = createBundleCheck({ sha256 });
    for await (const line of exportBundle(db, COMMUNITY.id)) check.line(line);
    expect(check.verdict()).toMatchObject({
      verdict: 'consistent',
      intervals: { measured: 4 * COUNT - GAP, estimated: 0, substituted: GAP, missing: 0 },
    });
  });

  it('gives way to a measurement that comes later, which becomes a correction', async () => {
    await using db = await meteredMonth(2, (device, k) => !isGap(device, k));
    await type(db, [10, 20], { energyMwh: gapMwh, spread: 'flat' });
    await settle(db);
    const before = await statement(db);
    await arriveLate(db, 2, isGap);
    const [act] = await listSubstitutes(db, (await annas(db)).point);
    expect(act).toMatchObject({ intervals: GAP, superseded: GAP, withdrawal: null });
    expect(await settle(db)).toMatchObject({ ok: true, value: { version: 2 } });
    expect(await statement(db)).toEqual(before);
    await using whole = await meteredMonth(2);
    const values = async (of: Db) =>
      (await effectiveIntervals(of, { fromMs: T0, toMs: END_MS })).map(({ energy_mwh, method }) => [
        energy_mwh,
        method,
      ]);
    expect(await values(db)).toEqual(await values(whole));
  });

  it('can be withdrawn, which is a record too; the newest typed counts', async () => {
    await using db = await meteredMonth(2, (device, k) => !isGap(device, k));
    const first = await type(db, [10, 20], { energyMwh: 1000, spread: 'flat' });
    await type(db, [10, 20], { energiesMwh: Array.from({ length: GAP }, (_, i) => i) });
    expect((await statement(db))?.account[0]?.substitutes).toMatchObject([{ energyMwh: 45 }]);
    const acts = await listSubstitutes(db, (await annas(db)).point);
    expect(acts.map(({ spread, superseded }) => [spread, superseded])).toEqual([
      ['typed', 0],
      ['flat', GAP],
    ]);
    const withdraw = async (id: string) => {
      const gone = await db.transaction().execute((tx) => withdrawSubstitute(tx, id, by('misread')));
      await serveRequests(db);
      return gone;
    };
    expect(await withdraw(acts[0]?.id ?? '')).toMatchObject({ ok: true });
    expect((await statement(db))?.account[0]?.substitutes).toMatchObject([{ energyMwh: 1000 }]);
    await withdraw(first.ok ? first.value : '');
    expect(await withdraw(first.ok ? first.value : '')).toMatchObject({ reason: 'community.substitute-withdrawn' });
    expect((await statement(db))?.account[0]?.substitutes).toEqual([]);
    expect((await statement(db))?.energy.intervalsComplete).toBe(COUNT - GAP);
    expect((await readiness(db)).isReady).toBe(false);
    await expect(db.deleteFrom('substitute_value').execute()).rejects.toThrow('can only be withdrawn');
    await expect(db.updateTable('substitute_value').set({ energy_mwh: 7 }).execute()).rejects.toThrow();
  });

  it('is refused where something was measured, ahead of time, and beyond what the connection carries', async () => {
    await using db = await meteredMonth(2, (device, k) => !isGap(device, k));
    expect(await type(db, [30, 40], { energyMwh: 1, spread: 'flat' })).toMatchObject({
      reason: 'community.substitute-needless',
    });
    expect(await type(db, [10, 20], { energiesMwh: [1, 2] })).toMatchObject({ reason: 'http.request-invalid' });
    expect(await type(db, [10, COUNT + 9], { energyMwh: 1, spread: 'flat' })).toMatchObject({
      reason: 'http.request-invalid',
    });
    await db.updateTable('metering_point').set({ rated_power_w: 1000 }).where('no', '=', 2).execute();
    expect(await type(db, [10, 20], { energyMwh: 2_500_001, spread: 'flat' })).toMatchObject({
      reason: 'community.substitute-implausible',
    });
    expect((await type(db, [10, 20], { energyMwh: 2_500_000, spread: 'flat' })).ok).toBe(true);
  });

  it('is suggested from the register, the day before and the other homes, each with its ground', async () => {
    await using db = await meteredMonth(3, (device, k) => !isGap(device, k));
    const home = await annas(db);
    const span = { fromMs: T0 + 10 * Q, toMs: T0 + 20 * Q };
    const suggestions = await suggestSubstitutes(db, await findGap(db, home, span), span);
    expect(suggestions[0]).toMatchObject({ energyMwh: gapMwh });
    expect(suggestions[0]?.basis).toContain('The register itself counted');
    const likeOthers = suggestions.find(({ spread }) => spread === 'load-curve');
    // The homes are alike but for a constant: within a tenth.
    expect(Math.abs((likeOthers?.energyMwh ?? 0) - gapMwh)).toBeLessThan(gapMwh / 10);
    expect(suggestions.every(({ basis }) => basis.length > 20)).toBe(true);
  });
});

describe('energy that stands in no interval', () => {
  it('keeps the month open, is reduced by what is typed, and stands on statement and run', async () => {
    await using db = await meteredMonth(2, (device, k) => !isGap(device, k));
    const open = async () => (await readiness(db)).registers[1]?.open;
    expect(await open()).toEqual(['missing', 'unplaced']);
    await type(db, [10, 20], { energyMwh: gapMwh - 4000, spread: 'flat' });
    expect(await open()).toEqual(['unplaced']);
    const account = { energyMwh: gapMwh, substitutedMwh: gapMwh - 4000, remainingMwh: 4000 };
    expect((await statement(db))?.account[0]?.unplaced).toMatchObject([account]);
    const run = await settleMonth(db, {
      ...{ community: COMMUNITY, month: MONTH, nowMs: NOW_MS },
      missing: 'exclude',
      decision: { reason: 'nobody knows', author: THEO },
    });
    expect(run.ok).toBe(true);
    expect((await statement(db))?.account[0]?.unplaced).toMatchObject([account]);
    expect((await listSettlements(db))[0]?.reasons.at(-1)).toContain('0.004000 kWh between 2026-10-31');
  });

  it('is gone when it was typed to the mWh, and below zero when more was typed', async () => {
    await using db = await meteredMonth(2, (device, k) => !isGap(device, k));
    await type(db, [10, 20], { energyMwh: gapMwh, spread: 'flat' });
    expect((await readiness(db)).isReady).toBe(true);
    await type(db, [10, 20], { energyMwh: gapMwh + 5, spread: 'flat' });
    expect((await statement(db))?.account[0]?.unplaced).toMatchObject([{ remainingMwh: -5 }]);
    expect((await readiness(db)).registers[1]?.open).toEqual(['unplaced']);
  });
});

describe('a run of the older format', () => {
  it('is the run that exists, as long as nothing but the format would change', async () => {
    await using db = await meteredMonth(2);
    const run = await settle(db);
    if (!run.ok) throw new Error(run.message);
    await using older = await meteredMonth(2);
    const kept = await keepOlderRun(db, older, run.value);
    expect(await settle(older)).toMatchObject({ ok: true, value: { id: kept, version: 1 } });
    expect(await older.selectFrom('settlement_run').select('id').execute()).toHaveLength(1);
  });
});
