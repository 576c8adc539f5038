/** What a device's power says flowed in each quarter hour: the witness against a register that stands still. */
import { QUARTER_HOUR_MS, type Span } from '@commonworks/core';
import type { PowerSpan } from '@commonworks/core/metering/index.ts';
import type { Insertable } from 'kysely';
import type { Db } from '../database.ts';
import { inChunks } from '../in-chunks.ts';
import type { Direction } from '../register/points.ts';
import type { PowerNews } from './decode-entries.ts';
import type { MeteringTables } from './schema.ts';

const POWER = 'activePowerW';

/** From then on the registers of a device may be judged otherwise. */
export type PowerChange = { readonly edge: string; readonly device: string; readonly changedMs: number };

/** Adds readings of devices that have an energy register to their quarter hours. Only those that were over already change something now. */
export async function keepPower(tx: Db, all: readonly PowerNews[]): Promise<PowerChange[]> {
  if (all.length === 0) return [];
  const series = await tx
    .selectFrom('series')
    .select(['no', 'edge', 'device', 'point', 'newest_ms'])
    .where('edge', 'in', [...new Set(all.map(({ edge }) => edge))])
    .execute();
  const byDevice = Map.groupBy(series, ({ edge, device }) => `${edge}/${device}`);
  const changes: PowerChange[] = [];
  const rows: Insertable<MeteringTables['power_slot']>[] = [];
  for (const { edge, device, slots } of all) {
    const own = byDevice.get(`${edge}/${device}`) ?? [];
    const registers = own.filter(({ point }) => point !== POWER);
    if (registers.length === 0) continue;
    const newestMs = Math.max(...registers.map((row) => row.newest_ms));
    const no = own.find(({ point }) => point === POWER)?.no ?? (await addSeries(tx, { edge, device }));
    for (const [start_ms, slot] of slots) rows.push({ series_no: no, start_ms, ...slot });
    const over = [...slots.keys()].filter((start) => start + QUARTER_HOUR_MS <= newestMs);
    if (over.length > 0) changes.push({ edge, device, changedMs: Math.min(...over) });
  }
  for (const chunk of inChunks(rows)) await addSlots(tx, chunk);
  return changes;
}

async function addSeries(tx: Db, of: { edge: string; device: string }): Promise<number> {
  const values = { ...of, point: POWER, newest_ms: 0 };
  const { no } = await tx.insertInto('series').values(values).returning('no').executeTakeFirstOrThrow();
  return no;
}

async function addSlots(tx: Db, rows: readonly Insertable<MeteringTables['power_slot']>[]): Promise<void> {
  await tx
    .insertInto('power_slot')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['series_no', 'start_ms']).doUpdateSet((set) => ({
        readings: set('power_slot.readings', '+', set.ref('excluded.readings')),
        drawn_mw: set('power_slot.drawn_mw', '+', set.ref('excluded.drawn_mw')),
        fed_mw: set('power_slot.fed_mw', '+', set.ref('excluded.fed_mw')),
        drawn_w2: set('power_slot.drawn_w2', '+', set.ref('excluded.drawn_w2')),
        fed_w2: set('power_slot.fed_w2', '+', set.ref('excluded.fed_w2')),
        first_ms: set.fn<number>('min', ['power_slot.first_ms', 'excluded.first_ms']),
        last_ms: set.fn<number>('max', ['power_slot.last_ms', 'excluded.last_ms']),
      })),
    )
    .execute();
}

/**
 * Each reading stands for its part of the time between the first and the last of its quarter hour. A single one says
 * nothing of the rest of it, and a few that differ much say little: their standard error is told with them.
 */
export async function powerSpans(
  tx: Db,
  of: { edge: string; device: string; direction: Direction },
  span: Span,
): Promise<PowerSpan[]> {
  const rows = await tx
    .selectFrom('power_slot')
    .innerJoin('series', 'series.no', 'power_slot.series_no')
    .selectAll('power_slot')
    .where('edge', '=', of.edge)
    .where('device', '=', of.device)
    .where('point', '=', POWER)
    .where('readings', '>', 1)
    .where('start_ms', '>', span.fromMs - QUARTER_HOUR_MS)
    .where('start_ms', '<', span.toMs)
    .orderBy('start_ms')
    .execute();
  return rows.map(({ start_ms, readings, first_ms, last_ms, ...sums }) => {
    const [sumMw, sumW2] = of.direction === 0 ? [sums.drawn_mw, sums.drawn_w2] : [sums.fed_mw, sums.fed_w2];
    const meanW = sumMw / readings / 1000;
    const varianceW2 = Math.max(0, sumW2 - readings * meanW ** 2) / (readings - 1);
    const knownMs = Math.min(((last_ms - first_ms) * readings) / (readings - 1), QUARTER_HOUR_MS);
    // 1 W for 3600 ms is 1 mWh.
    const energyMwh = Math.floor((meanW * knownMs) / 3600);
    const errorMwh = Math.ceil((Math.sqrt(varianceW2 / readings) * knownMs) / 3600);
    return { fromMs: start_ms, toMs: start_ms + QUARTER_HOUR_MS, energyMwh, errorMwh };
  });
}
