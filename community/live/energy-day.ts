/** A local day of the community by kind: sums of the intervals of its metering points; a sum without a part is null. */
import { daySpan, localDay, QUARTER_HOUR_MS, qualityOfRank, qualityRank } from '@commonworks/core';
import type { EnergyDay, MeteringRole } from '@commonworks/core/api/index.ts';
import { FLOW_KINDS } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';
import { isAssigned } from '../metering/rules.ts';
import { listPoints, type PointRecord, ROLE_DIRECTIONS } from '../register/points.ts';
import { KIND_OF_ROLE } from './flow.ts';

type DayInterval = EnergyDay['intervals'][number];
type Field = Exclude<keyof DayInterval, 'startMs' | 'quality' | 'coveragePct'>;

/** Which figure a register of a point of this role counts for; direction 0 is out of the bus, at the grid import. */
const FIELDS: Readonly<Record<MeteringRole, Readonly<Partial<Record<0 | 1, Field>>>>> = {
  producer: { 1: 'sunMwh' },
  storage: { 0: 'batteryChargedMwh', 1: 'batteryDischargedMwh' },
  grid: { 0: 'gridImportedMwh', 1: 'gridExportedMwh' },
  consumer: { 0: 'homesMwh' },
  workshop: { 0: 'workshopMwh' },
};
const COVERED_PPM = 1_000_000;

type Row = { point_no: number; direction: 0 | 1; start_ms: number } & {
  energy_mwh: number | null;
  coverage_ppm: number;
  quality: number;
};

/** Only intervals that are over; the newest may still lack parts. */
export async function energyDay(db: Db, at: { day: string; zone: string; nowMs: number }): Promise<EnergyDay> {
  const { day, zone } = at;
  const span = daySpan(day, zone);
  const points = await listPoints(db);
  const rows = await db
    .selectFrom('interval')
    .select(['point_no', 'direction', 'start_ms', 'energy_mwh', 'coverage_ppm', 'quality'])
    .where('start_ms', '>=', span.fromMs)
    .where('start_ms', '<', span.toMs)
    .execute();
  const byStart = Map.groupBy(rows, (row) => row.start_ms);
  const intervals: DayInterval[] = [];
  for (
    let startMs = span.fromMs;
    startMs + QUARTER_HOUR_MS <= Math.min(span.toMs, at.nowMs);
    startMs += QUARTER_HOUR_MS
  ) {
    intervals.push(dayInterval(startMs, byStart.get(startMs) ?? [], points));
  }
  const isMetered = ({ assignments }: PointRecord) =>
    assignments.some(({ fromMs, toMs }) => fromMs < span.toMs && (toMs ?? span.toMs) > span.fromMs);
  const kinds = points.filter(isMetered).map(({ role }) => KIND_OF_ROLE[role]);
  const metered = FLOW_KINDS.filter((kind) => kinds.includes(kind));
  return { day: localDay(span.fromMs, zone), zone, metered, intervals };
}

function dayInterval(startMs: number, rows: readonly Row[], points: readonly PointRecord[]): DayInterval {
  const sums = new Map<Field, number | null>();
  let quality = 0;
  let coveredPpm = 0;
  let registers = 0;
  for (const point of points) {
    if (!isAssigned(point, startMs, startMs + QUARTER_HOUR_MS)) continue;
    for (const direction of ROLE_DIRECTIONS[point.role]) {
      const field = FIELDS[point.role][direction];
      if (field === undefined) continue;
      const row = rows.find((one) => one.point_no === point.no && one.direction === direction);
      sums.set(field, addPart(sums.get(field), row?.energy_mwh ?? null));
      quality = Math.max(quality, row?.quality ?? qualityRank('missing'));
      coveredPpm += row?.coverage_ppm ?? 0;
      registers++;
    }
  }
  const sum = (field: Field) => sums.get(field) ?? null;
  return {
    startMs,
    sunMwh: sum('sunMwh'),
    batteryChargedMwh: sum('batteryChargedMwh'),
    batteryDischargedMwh: sum('batteryDischargedMwh'),
    gridImportedMwh: sum('gridImportedMwh'),
    gridExportedMwh: sum('gridExportedMwh'),
    homesMwh: sum('homesMwh'),
    workshopMwh: sum('workshopMwh'),
    quality: registers === 0 ? 'missing' : qualityOfRank(quality),
    coveragePct: registers === 0 ? 0 : Math.round((coveredPpm / registers / COVERED_PPM) * 10_000) / 100,
  };
}

function addPart(sum: number | null | undefined, part: number | null): number | null {
  if (sum === null || part === null) return null;
  return (sum ?? 0) + part;
}
