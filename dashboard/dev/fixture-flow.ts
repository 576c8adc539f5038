/** The flow picture and the day of the fixture community, with a gap and an estimate as real meters have. */
import type { EnergyDay, Flow, FlowNode } from '@commonworks/core/api/index.ts';
import { FLOW_KINDS } from '@commonworks/core/api/index.ts';
import { QUARTER_HOUR_MS } from '@commonworks/core/time.ts';
import { dayQuarters, noise, type Quarter, quarterOf, sum, ZONE } from './fixture-world.ts';

/** mWh in a quarter hour to W. */
const wattsOf = (mwh: number) => (mwh / 1_000) * 4;

export function flowAt(nowMs: number): Flow {
  const quarter = quarterOf(nowMs);
  const wobble = (kind: string) => 1 + 0.04 * (noise(`${kind} ${Math.floor(nowMs / 10_000)}`) - 0.5);
  const sunW = -wattsOf(quarter.sunMwh) * wobble('sun');
  const batteryW = wattsOf(quarter.chargedMwh - quarter.dischargedMwh) * wobble('battery');
  const homesW = wattsOf(sum(quarter.homesMwh)) * wobble('homes');
  const workshopW = wattsOf(quarter.workshopMwh) * wobble('workshop');
  const residualW = (homesW + workshopW) * 0.012;
  const gridW = sunW + batteryW + homesW + workshopW + residualW;
  const useW = homesW + workshopW;
  const node = (kind: FlowNode['kind'], powerW: number, devices: number): FlowNode => ({
    kind,
    powerW: Math.round(powerW),
    quality: 'good',
    sinceMs: nowMs - 2_000,
    isStale: false,
    devices,
    devicesFresh: devices,
  });
  return {
    atMs: nowMs,
    nodes: [
      node('sun', sunW, 1),
      node('battery', batteryW, 1),
      node('grid', gridW, 1),
      node('homes', homesW, 9),
      node('workshop', workshopW, 2),
    ],
    residualW: Math.round(residualW),
    ownCoverPct: Math.max(0, Math.min(100, ((useW - Math.max(0, gridW)) / useW) * 100)),
    socPct: quarter.socPct,
  };
}

export function energyDay(day: string, nowMs: number): EnergyDay {
  const past = dayQuarters(day).filter(({ startMs }) => startMs + QUARTER_HOUR_MS <= nowMs);
  return { day, zone: ZONE, metered: [...FLOW_KINDS], intervals: past.map(intervalOf) };
}

/** Every day has half an hour without the homes' meters, and an estimated one. */
export function qualityOf(day: readonly Quarter[], startMs: number): 'good' | 'estimated' | 'missing' {
  const index = day.findIndex((quarter) => quarter.startMs === startMs);
  if (index === 13 || index === 14) return 'missing';
  return index >= 37 && index <= 39 ? 'estimated' : 'good';
}

function intervalOf(quarter: Quarter, _: number, day: readonly Quarter[]): EnergyDay['intervals'][number] {
  const quality = qualityOf(day, quarter.startMs);
  const isMissing = quality === 'missing';
  return {
    startMs: quarter.startMs,
    sunMwh: isMissing ? null : quarter.sunMwh,
    batteryChargedMwh: isMissing ? null : quarter.chargedMwh,
    batteryDischargedMwh: isMissing ? null : quarter.dischargedMwh,
    gridImportedMwh: isMissing ? null : quarter.importedMwh,
    gridExportedMwh: isMissing ? null : quarter.exportedMwh,
    homesMwh: isMissing ? null : sum(quarter.homesMwh),
    workshopMwh: isMissing ? null : quarter.workshopMwh,
    quality,
    coveragePct: isMissing ? 0 : quality === 'estimated' ? 85 : 100,
  };
}
