/** A plausible community for pages without a server: seeded, the same every time, in whole mWh. */
import { daySpan, localDay, QUARTER_HOUR_MS } from '@commonworks/core/time.ts';

export const ZONE = 'Europe/Vienna';
/** A bright day with a few clouds, early in the afternoon. */
export const NOW_MS = Date.UTC(2026, 5, 17, 12, 5, 20);
export const HOMES = ['Anna', 'Ben', 'Clara', 'Daniel', 'Emine', 'Felix', 'Greta', 'Hannes', 'Ines'] as const;

export type Quarter = {
  readonly startMs: number;
  readonly sunMwh: number;
  readonly chargedMwh: number;
  readonly dischargedMwh: number;
  readonly importedMwh: number;
  readonly exportedMwh: number;
  /** One per home, in the order of HOMES. */
  readonly homesMwh: readonly number[];
  readonly workshopMwh: number;
  readonly socPct: number;
};

const HOUR_MS = 3_600_000;
const MWH_PER_WH = 1_000;
const BATTERY_WH = 22_000;
const BATTERY_W = 5_000;
const SUN_W = 31_000;

const days = new Map<string, readonly Quarter[]>();

/** All quarter hours of a local day, also those still to come. */
export function dayQuarters(day: string): readonly Quarter[] {
  const known = days.get(day);
  if (known !== undefined) return known;
  const { fromMs, toMs } = daySpan(day, ZONE);
  const quarters: Quarter[] = [];
  let storedWh = BATTERY_WH * 0.34;
  for (let startMs = fromMs; startMs < toMs; startMs += QUARTER_HOUR_MS) {
    const quarter = quarterAt(startMs, (startMs - fromMs) / HOUR_MS, storedWh);
    storedWh += (quarter.chargedMwh * 0.95 - quarter.dischargedMwh) / MWH_PER_WH;
    quarters.push(quarter);
  }
  days.set(day, quarters);
  return quarters;
}

/** The quarter hour that runs at a moment. */
export function quarterOf(timeMs: number): Quarter {
  const found = dayQuarters(localDay(timeMs, ZONE)).find(
    ({ startMs }) => startMs <= timeMs && timeMs < startMs + QUARTER_HOUR_MS,
  );
  if (found === undefined) throw new Error('invariant broken: every moment lies in a quarter hour of its day');
  return found;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Steady noise between 0 and 1 for a key: the world must look the same on every run. */
export function noise(key: string): number {
  let hash = 2_166_136_261;
  for (const letter of key) hash = Math.imul(hash ^ letter.charCodeAt(0), 16_777_619) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_507) >>> 0;
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

function quarterAt(startMs: number, hour: number, storedWh: number): Quarter {
  const sunWh = sunW(startMs, hour) / 4;
  const homesWh = HOMES.map((home) => homeW(home, startMs, hour) / 4);
  const workshopWh = workshopW(startMs, hour) / 4;
  const surplusWh = sunWh - sum(homesWh) - workshopWh;
  const chargedWh = Math.max(0, Math.min(surplusWh * 0.8, BATTERY_W / 4, (BATTERY_WH - storedWh) / 0.95));
  const dischargedWh = Math.max(0, Math.min(-surplusWh, BATTERY_W / 4, storedWh - BATTERY_WH * 0.1));
  // The grid also carries what no meter explains: about one part in eighty of the use.
  const gridWh = (sum(homesWh) + workshopWh) * 1.012 + chargedWh - dischargedWh - sunWh;
  return {
    startMs,
    sunMwh: mwh(sunWh),
    chargedMwh: mwh(chargedWh),
    dischargedMwh: mwh(dischargedWh),
    importedMwh: mwh(Math.max(0, gridWh)),
    exportedMwh: mwh(Math.max(0, -gridWh)),
    homesMwh: homesWh.map(mwh),
    workshopMwh: mwh(workshopWh),
    socPct: (storedWh / BATTERY_WH) * 100,
  };
}

function sunW(startMs: number, hour: number): number {
  const height = Math.sin((Math.PI * (hour - 5)) / 16);
  if (hour < 5 || hour > 21) return 0;
  const dayCloud = 0.55 + 0.45 * noise(`day ${Math.floor(startMs / 86_400_000)}`);
  const passing = noise(`cloud ${startMs}`) > 0.82 ? 0.55 : 1;
  return SUN_W * height ** 1.4 * dayCloud * passing * (0.94 + 0.06 * noise(`haze ${startMs}`));
}

function homeW(home: string, startMs: number, hour: number): number {
  const bump = (at: number, wide: number) => Math.exp(-((hour - at) ** 2) / wide);
  const habit = 0.6 + 0.8 * noise(home);
  const cooking = noise(`${home} cook ${startMs}`) > 0.88 ? 1_700 : 0;
  const base = 170 + 650 * bump(7.3, 1.6) + 480 * bump(12.6, 2) + 1_050 * bump(19.4, 5);
  return (base * habit + cooking * (hour > 6 && hour < 23 ? 1 : 0)) * (0.8 + 0.4 * noise(`${home} ${startMs}`));
}

function workshopW(startMs: number, hour: number): number {
  const isOpen = hour > 9 && hour < 20;
  const isWorking = isOpen && noise(`work ${Math.floor(startMs / HOUR_MS)}`) > 0.3;
  return 140 + (isWorking ? 2_400 + 1_800 * noise(`workshop ${startMs}`) : 0);
}

function mwh(wh: number): number {
  return Math.round(wh * MWH_PER_WH);
}
