/** Reads every device of a configuration once and says in words how it went. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, ERROR_CATALOGUE, isCoded, POINTS, type PointName } from '@commonworks/core';
import { noEnergy } from '../agent/device-health.ts';
import { openEquipment } from '../agent/equipment.ts';
import { hasEnergy, type Snapshot, type Source } from '../agent/source.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Reading } from '../read/point-value.ts';

export type DeviceReport = {
  readonly device: string;
  readonly title: string;
  readonly profile: string;
  readonly isGood: boolean;
  /** Points with their values and units, or what went wrong and what to do. */
  readonly lines: readonly string[];
  readonly code: string | null;
};

const PATIENCE_MS = 12_000;
const PAUSE_MS = 100;

/** One report after the other, as devices answer; a dead one costs one timeout. Badge readers only speak when used. */
export async function* readOnce(loaded: LoadedConfig, now: Clock): AsyncGenerator<DeviceReport> {
  const stop = new AbortController();
  const equipment = openEquipment(loaded, {
    now,
    signal: stop.signal,
    isTimeKnown: () => true,
    report: () => undefined,
  });
  try {
    for (const line of equipment.lines) {
      for (const source of line.sources) yield await readSource(source, now);
    }
  } finally {
    stop.abort();
  }
}

async function readSource(source: Source, now: Clock): Promise<DeviceReport> {
  const { device, title, profile } = source;
  try {
    const snapshot = await readPatiently(source, now);
    const { readings } = snapshot;
    const lines = [...readings].map(([point, { value, quality }]) => {
      const name = POINTS[point].title;
      return value === null ? `${name}: no value (${quality})` : `${name}: ${value}${unitOf(point)}`;
    });
    if (!isShowingEnergy(source, snapshot)) {
      const { remedy } = ERROR_CATALOGUE['edge.no-energy-register'];
      const reasons = [noEnergy(snapshot.came ?? ''), remedy];
      return { device, title, profile, isGood: false, lines: [...lines, ...reasons], code: 'edge.no-energy-register' };
    }
    return { device, title, profile, isGood: !isSilent(readings), lines, code: null };
  } catch (error) {
    if (!isCoded(error)) throw error;
    return { device, title, profile, isGood: false, lines: [error.message, error.remedy], code: error.code };
  }
}

/** Streams open in the background, and a P1 meter may send only each ten seconds. */
async function readPatiently(source: Source, now: Clock) {
  const deadlineMs = now() + PATIENCE_MS;
  for (;;) {
    const isLate = now() >= deadlineMs;
    try {
      const snapshot = await source.read(now(), { isReplaying: true });
      if (isLate || (!isSilent(snapshot.readings) && isShowingEnergy(source, snapshot))) return snapshot;
    } catch (error) {
      if (!isCoded(error, 'edge.p1-silent') || isLate) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

function isShowingEnergy(source: Source, snapshot: Snapshot): boolean {
  return !source.needsEnergy || hasEnergy(snapshot);
}

/** A controller that has not said anything yet. */
function isSilent(readings: ReadonlyMap<PointName, Reading>): boolean {
  return readings.get('activity')?.value === 'unknown';
}

/** SenML units as people write them. */
const PLAIN_UNITS: Readonly<Record<string, string>> = { '/100': ' %', '%EL': ' %', '/': '', Cel: ' °C' };

function unitOf(point: PointName): string {
  const entry = POINTS[point];
  if (!('unit' in entry)) return '';
  return PLAIN_UNITS[entry.unit] ?? ` ${entry.unit}`;
}
