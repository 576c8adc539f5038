/** A day of the community as mirrored bars (sources up, uses down) and as two sums: our sun, our use. */
import type { EnergyDay } from '@commonworks/core/api/index.ts';
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
export type DayBalance = {
  readonly sunMwh: number;
  readonly sunUsedMwh: number;
  readonly sunSoldMwh: number;
  readonly useMwh: number;
  readonly useOwnMwh: number;
  readonly useBoughtMwh: number;
  /** Quarter hours with every figure, and all there are so far. */
  readonly counted: number;
  readonly all: number;
};

/** Only quarter hours with every figure count: a missing one is left out, never taken for zero. */
export function balanceOf({ intervals }: EnergyDay): DayBalance {
  const sums = { sunMwh: 0, sunSoldMwh: 0, useMwh: 0, useBoughtMwh: 0, counted: 0, all: intervals.length };
  for (const interval of intervals) {
    const { sunMwh, gridExportedMwh, gridImportedMwh, homesMwh, workshopMwh } = interval;
    if (sunMwh === null || gridExportedMwh === null || gridImportedMwh === null) continue;
    if (homesMwh === null || workshopMwh === null) continue;
    const useMwh = homesMwh + workshopMwh;
    sums.sunMwh += sunMwh;
    // What goes out beyond the sun comes from the battery; what comes in beyond our use goes into it.
    sums.sunSoldMwh += Math.min(sunMwh, gridExportedMwh);
    sums.useMwh += useMwh;
    sums.useBoughtMwh += Math.min(useMwh, gridImportedMwh);
    sums.counted += 1;
  }
  return { ...sums, sunUsedMwh: sums.sunMwh - sums.sunSoldMwh, useOwnMwh: sums.useMwh - sums.useBoughtMwh };
}
