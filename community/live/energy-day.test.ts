/** A day by kind: sums of the points' intervals, null where a part is missing, 92 intervals when the clock goes forward. */
import { describe, expect, it } from 'vitest';
import type { Db } from '../database.ts';
import { openDatabase } from '../database.ts';
import { addPoint, assignDevice } from '../register/points.ts';
import { energyDay } from './energy-day.ts';

const ZONE = 'Europe/Vienna';
const FROM = Date.UTC(2026, 4, 3, 22);

async function place(db: Db, name: string, role: 'consumer' | 'storage'): Promise<void> {
  await addPoint(db, { community: 'c', id: name, name, role, member: null });
  await assignDevice(db, name, { edge: 'e', device: name, fromMs: 0, toMs: null });
}

async function interval(
  db: Db,
  point: number,
  direction: 0 | 1,
  quarter: number,
  energy: number | null,
): Promise<void> {
  const edges = { opening_mwh: 0, closing_mwh: 0, opening_ms: 0, closing_ms: 0 };
  const sources = { opening_source: null, opening_seq: null, closing_source: null, closing_seq: null };
  await db
    .insertInto('interval')
    .values({
      ...{
        point_no: point,
        direction,
        start_ms: FROM + quarter * 900_000,
        energy_mwh: energy,
        step_mwh: 0,
        version: 1,
      },
      ...{ coverage_ppm: energy === null ? 0 : 1_000_000, quality: energy === null ? 5 : 0, ...edges, ...sources },
    })
    .execute();
}

describe('energyDay', () => {
  it('sums the points of a kind, and has no sum where one is missing', async () => {
    await using db = await openDatabase(':memory:');
    await place(db, 'home-1', 'consumer');
    await place(db, 'home-2', 'consumer');
    await place(db, 'bat-1', 'storage');
    for (const [point, direction, energy] of [
      [1, 0, 100],
      [2, 0, 50],
      [3, 0, 7],
      [3, 1, 9],
    ] as const) {
      await interval(db, point, direction, 0, energy);
      await interval(db, point, direction, 1, point === 2 ? null : energy);
    }
    const day = await energyDay(db, { day: '2026-05-04', zone: ZONE, nowMs: FROM + 3 * 900_000 });
    expect(day.intervals).toHaveLength(3);
    expect(day.metered).toEqual(['battery', 'homes']);
    expect(day.intervals[0]).toEqual({
      ...{ startMs: FROM, sunMwh: null, gridImportedMwh: null, gridExportedMwh: null, workshopMwh: null },
      ...{ homesMwh: 150, batteryChargedMwh: 7, batteryDischargedMwh: 9, quality: 'good', coveragePct: 100 },
    });
    expect(day.intervals[1]).toMatchObject({
      homesMwh: null,
      batteryChargedMwh: 7,
      quality: 'missing',
      coveragePct: 75,
    });
    expect(day.intervals[2]).toMatchObject({ homesMwh: null, quality: 'missing', coveragePct: 0 });
  });

  it.each([
    ['2026-03-29', 92],
    ['2026-10-25', 100],
    ['2026-05-04', 96],
  ])('%s has %i intervals', async (day, count) => {
    await using db = await openDatabase(':memory:');
    expect((await energyDay(db, { day, zone: ZONE, nowMs: Date.UTC(2027, 0) })).intervals).toHaveLength(count);
  });
});
