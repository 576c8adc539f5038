/** The exchange of a meter: whatever the moment and whatever reads the new one, the energy is what both meters counted. */
import { encodePack, type LogEntry, type Sample } from '@commonworks/core';
import type { SwapRequest } from '@commonworks/core/api/index.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMUNITY, COUNT, EDGE, meteredMonth, NOW_MS, Q, T0, THEO, uuid } from '../closing/test-month.ts';
import type { Db } from '../database.ts';
import { registerBreaks } from '../metering/list-judgements.ts';
import { processPage } from '../metering/process-page.ts';
import { serveRequests } from '../metering/serve-requests.ts';
import { listPoints } from '../register/points.ts';
import { recordSwap } from './record-swap.ts';

/** Home 1 is read by this test; nothing else reads it. */
const silent = () => meteredMonth(1, (device) => device !== 'home-1');

type Reading = { readonly device: string; readonly timeMs: number; readonly wh: number };
let cursor = 1000;
async function read(db: Db, readings: readonly Reading[]): Promise<void> {
  const samples = readings.map(
    ({ device, timeMs, wh }): Sample => ({ device, point: 'importedWh', timeMs, value: wh, quality: 'good' }),
  );
  cursor++;
  const keys = { edge: EDGE, epoch: uuid(9), seq: cursor };
  const entry: LogEntry = {
    ...keys,
    ...{ cursor, receivedMs: NOW_MS, hash: '', body: encodePack({ ...keys, boot: uuid(4), samples, events: [] }) },
  };
  await processPage(db, { entries: [entry], next: cursor }, []);
}

async function swap(
  db: Db,
  of: Pick<SwapRequest, 'timeMs' | 'device'> & { finalWh: number; firstWh: number; nowMs?: number },
) {
  const point = (await listPoints(db)).find(({ name }) => name === 'Home 1');
  if (point === undefined) throw new Error('no home');
  const registers = [{ register: 'importedWh' as const, finalMwh: of.finalWh * 1000, firstMwh: of.firstWh * 1000 }];
  const request = {
    timeMs: of.timeMs,
    edge: EDGE,
    device: of.device,
    oldSerial: 'A1',
    newSerial: 'B2',
    reason: 'worn out',
    registers,
  };
  const order = { point, request, author: THEO, nowMs: of.nowMs ?? NOW_MS, zone: COMMUNITY.zone };
  const result = await db.transaction().execute((tx) => recordSwap(tx, order));
  await serveRequests(db);
  return result;
}

const intervals = (db: Db) =>
  db.selectFrom('interval').selectAll().where('point_no', '=', 2).orderBy('start_ms').execute();

/** The old meter counts from 5,000 Wh on, the new one from 3 Wh, 40 Wh a quarter hour. */
function history(at: { timeMs: number; device: string }) {
  const readings: Reading[] = [];
  const passed = (timeMs: number) => Math.round((40 * (timeMs - T0)) / Q);
  const finalWh = 5000 + passed(at.timeMs);
  for (let k = 0; k <= COUNT; k++) {
    const timeMs = T0 + k * Q;
    const isOld = timeMs < at.timeMs;
    const wh = isOld ? 5000 + passed(timeMs) : 3 + passed(timeMs) - passed(at.timeMs);
    readings.push({ device: isOld ? 'home-1' : at.device, timeMs, wh });
  }
  return { readings, finalWh, totalMwh: 40 * COUNT * 1000 };
}

describe('a meter swap', () => {
  it('loses no interval and no milliwatt-hour, told before or after the readings came', async () => {
    const moments = fc.record({
      timeMs: fc.integer({ min: T0 + 1, max: T0 + COUNT * Q - 1 }),
      device: fc.constantFrom('home-1', 'new-meter'),
      isToldFirst: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(moments, async ({ isToldFirst, ...at }) => {
        await using db = await silent();
        const { readings, finalWh, totalMwh } = history(at);
        const before = readings.filter(({ timeMs }) => !isToldFirst || timeMs < at.timeMs);
        await read(db, before);
        expect(await swap(db, { ...at, finalWh, firstWh: 3, nowMs: NOW_MS })).toMatchObject({ ok: true });
        const after = readings.filter((reading) => !before.includes(reading));
        for (const reading of after) await read(db, [reading]);
        const rows = await intervals(db);
        expect(rows.filter(({ energy_mwh }) => energy_mwh !== null)).toHaveLength(COUNT);
        expect(rows.reduce((sum, row) => sum + (row.energy_mwh ?? 0), 0)).toBe(totalMwh);
        // As the meters showed it: nobody needs to know of the joining to read the proof.
        expect(rows.at(-1)?.closing_mwh).toBe((readings.at(-1)?.wh ?? 0) * 1000);
        for (const row of rows) {
          expect((row.closing_mwh ?? 0) - (row.opening_mwh ?? 0) + row.step_mwh).toBe(row.energy_mwh);
        }
        expect(await registerBreaks(db, T0)).toEqual([]);
        const judged = await db.selectFrom('counter_judgement').selectAll().where('point_no', '=', 2).execute();
        expect(judged).toMatchObject([{ kind: 'swap', before_mwh: finalWh * 1000, after_mwh: 3000, credited_mwh: 0 }]);
      }),
      { numRuns: 25 },
    );
  });

  it('is refused in plain words where it contradicts what the meters showed', async () => {
    await using db = await silent();
    const at = { timeMs: T0 + 10 * Q + 60_000, device: 'home-1' };
    const { readings, finalWh } = history(at);
    await read(db, readings);
    const wrong = async (change: Partial<Parameters<typeof swap>[1]>) => {
      const result = await swap(db, { ...at, finalWh, firstWh: 3, ...change });
      return result.ok ? 'accepted' : `${result.reason}: ${result.message}`;
    };
    expect(await wrong({ finalWh: 5399 })).toContain('the old meter showed 5.400000 kWh already at 2026-10-31');
    expect(await wrong({ firstWh: 999 })).toContain('its first register cannot be 0.999000 kWh');
    expect(await wrong({ timeMs: NOW_MS + 1 })).toContain('lies in the future');
    expect(await wrong({ timeMs: T0 - Q })).toContain('no meter measures Home 1 at that time');
    // Told an hour too early: the old meter goes on counting after it.
    expect(await wrong({ timeMs: at.timeMs - 4 * Q, finalWh: 5240 })).toContain("still the old meter's register");
    expect(await wrong({})).toBe('accepted');
    expect(await wrong({})).toContain('is on record already');
  });
});
