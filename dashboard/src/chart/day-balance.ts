/** A day of the community as mirrored bars (sources up, uses down) and as two sums: our sun, our use. */
import type { EnergyDay, FlowKind } from '@commonworks/core/api/index.ts';
import { text } from '../text/text.ts';
import type { Bar, BarSeries } from './bar-model.ts';

const QUARTER_HOUR_MS = 900_000;

export const DAY_SERIES: readonly BarSeries[] = [
  { label: text.today.sun, hue: 'sun', side: 'up' },
  { label: text.today.discharged, hue: 'battery', side: 'up' },
  { label: text.today.imported, hue: 'grid', side: 'up' },
  { label: text.today.homes, hue: 'homes', side: 'down' },
  { label: text.today.workshop, hue: 'workshop', side: 'down' },
  { label: text.today.charged, hue: 'battery', side: 'down' },
  { label: text.today.exported, hue: 'export', side: 'down' },
];

export function dayBars({ intervals }: EnergyDay): Bar[] {
  return intervals.map((interval) => ({
    fromMs: interval.startMs,
    toMs: interval.startMs + QUARTER_HOUR_MS,
    valuesMwh: valuesOf(interval),
    quality: interval.quality,
    coveragePct: interval.coveragePct,
  }));
}

/** In the order of DAY_SERIES. */
export function valuesOf(interval: DayInterval): (number | null)[] {
  return [
    interval.sunMwh,
    interval.batteryDischargedMwh,
    interval.gridImportedMwh,
    interval.homesMwh,
    interval.workshopMwh,
    interval.batteryChargedMwh,
    interval.gridExportedMwh,
  ];
}

export type DayInterval = EnergyDay['intervals'][number];
/** Sums in mWh of the quarter hours that count. Null: no meter stands where it would have to be measured. */
export type DayBalance = {
  readonly sunMwh: number | null;
  readonly sunUsedMwh: number | null;
  readonly sunSoldMwh: number | null;
  readonly useMwh: number | null;
  readonly useOwnMwh: number | null;
  readonly useBoughtMwh: number | null;
  /** Quarter hours with every figure that has a meter, and all there are so far. */
  readonly counted: number;
  readonly all: number;
};

/** Only quarter hours with every figure count: a missing one is left out, never taken for zero. */
export function balanceOf({ intervals, metered }: EnergyDay): DayBalance {
  const has = (kind: FlowKind) => metered.includes(kind);
  const sums = { sun: 0, sold: 0, use: 0, bought: 0 };
  let counted = 0;
  for (const interval of intervals) {
    const sun = has('sun') ? interval.sunMwh : 0;
    const homes = has('homes') ? interval.homesMwh : 0;
    const workshop = has('workshop') ? interval.workshopMwh : 0;
    const exported = has('grid') ? interval.gridExportedMwh : 0;
    const imported = has('grid') ? interval.gridImportedMwh : 0;
    if (sun === null || exported === null || imported === null || homes === null || workshop === null) continue;
    sums.sun += sun;
    // What goes out beyond the sun comes from the battery; what comes in beyond our use goes into it.
    sums.sold += Math.min(sun, exported);
    sums.use += homes + workshop;
    sums.bought += Math.min(homes + workshop, imported);
    counted += 1;
  }
  const isUseMetered = has('homes') || has('workshop');
  const whenGrid = (isThere: boolean, mwh: number) => (isThere && has('grid') ? mwh : null);
  return {
    sunMwh: has('sun') ? sums.sun : null,
    sunUsedMwh: whenGrid(has('sun'), sums.sun - sums.sold),
    sunSoldMwh: whenGrid(has('sun'), sums.sold),
    useMwh: isUseMetered ? sums.use : null,
    useOwnMwh: whenGrid(isUseMetered, sums.use - sums.bought),
    useBoughtMwh: whenGrid(isUseMetered, sums.bought),
    counted,
    all: intervals.length,
  };
}
