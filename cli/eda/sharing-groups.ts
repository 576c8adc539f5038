/** Who shares with whom, and since when: one report may hold several communities that later became one. */
import { daySpan, localDay } from '@commonworks/core';
import { readRows } from '../tables/read-rows.ts';
import { createRowFaults } from '../tables/row-faults.ts';
import { csvCell } from '../tables/write-whole.ts';

/** A metering point belongs to `group` from `fromMs` until `untilMs` (exclusive). */
export type GroupSpell = {
  readonly point: string;
  readonly group: string;
  readonly fromMs: number;
  readonly untilMs: number;
};

/** The group of a point at a time; all who are named nowhere share with each other. */
export type GroupOf = (point: string, timeMs: number) => string;

export const EVERYBODY = 'all';

export const oneGroup: GroupOf = () => EVERYBODY;

export function groupLookup(spells: readonly GroupSpell[]): GroupOf {
  const byPoint = Map.groupBy(spells, (spell) => spell.point);
  return (point, timeMs) =>
    byPoint.get(point)?.find((spell) => spell.fromMs <= timeMs && timeMs < spell.untilMs)?.group ?? EVERYBODY;
}

const HEADER = 'participant,group,from,until';
const SPELLS_MAX = 100_000;

/**
 * Reads `participant,group,from,until`: local days, until exclusive, blank for open.
 * @throws CodedError `cli.groups-invalid`, `cli.file-unreadable`.
 */
export async function readGroups(file: string, zone: string): Promise<GroupSpell[]> {
  const faults = createRowFaults();
  const spells: GroupSpell[] = [];
  for await (const { record, line } of readRows(file, HEADER, faults)) {
    const spell = readSpell(record, zone);
    if (typeof spell === 'string') faults.add(line, spell);
    else spells.push(spell);
    if (spells.length > SPELLS_MAX) break;
  }
  if (spells.length > SPELLS_MAX) faults.add(null, `more than ${SPELLS_MAX} lines`);
  for (const [point, own] of Map.groupBy(spells, (spell) => spell.point)) {
    const sorted = own.toSorted((a, b) => a.fromMs - b.fromMs);
    const overlaps = sorted.some((spell, i) => i > 0 && spell.fromMs < (sorted[i - 1]?.untilMs ?? 0));
    if (overlaps) faults.add(null, `${point} is in two groups at a time`);
  }
  faults.throwIfAny('cli.groups-invalid', file);
  return spells;
}

function readSpell(record: string[], zone: string): GroupSpell | string {
  const [point = '', group = '', from = '', until = ''] = record;
  if (record.length !== 4 || point === '' || group === '')
    return 'a line has a participant, a group, and two days or blanks';
  const fromMs = from === '' ? Number.NEGATIVE_INFINITY : dayStart(from, zone);
  const untilMs = until === '' ? Number.POSITIVE_INFINITY : dayStart(until, zone);
  if (fromMs === null || untilMs === null) return 'a day is written YYYY-MM-DD';
  return fromMs < untilMs ? { point, group, fromMs, untilMs } : 'until is not after from';
}

function dayStart(day: string, zone: string): number | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return null;
  try {
    return daySpan(day, zone).fromMs;
  } catch {
    return null;
  }
}

export function* groupLines(spells: readonly GroupSpell[], zone: string): Generator<string> {
  yield HEADER;
  const day = (ms: number): string => (Number.isFinite(ms) ? localDay(ms, zone) : '');
  for (const { point, group, fromMs, untilMs } of spells) {
    yield `${csvCell(point)},${csvCell(group)},${day(fromMs)},${day(untilMs)}`;
  }
}
