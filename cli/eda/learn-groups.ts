/** Finds who shared with whom from the operator's own offers of a few quarter hours a day, to be tested on all others. */
import type { EdaReport } from './eda-report.ts';
import { EVERYBODY, type GroupSpell } from './sharing-groups.ts';

/** One quarter hour in eight, spread over the day: some members draw power at night only. */
const LEARN_EVERY_HOURS = 2;

/** Sets of producers are tried one by one: 2^12 for each group of consumers and day. */
const PRODUCERS_MAX = 12;

/** True for the intervals that learning looks at; a fair comparison leaves them out. */
export function isLearnedFrom(start: string): boolean {
  return start.slice(14, 16) === '00' && Number(start.slice(11, 13)) % LEARN_EVERY_HOURS === 0;
}

/**
 * Consumers share a group on a day when their offers are in proportion to their consumption in every interval looked at;
 * the group's producers are those whose generation its offers add up to. Groups are named after their producers.
 * A day or member that shows nothing keeps what was learned of the day before.
 */
export function learnGroups(report: EdaReport): GroupSpell[] {
  const days = Map.groupBy(report.intervals.keys(), (i) => report.intervals[i]?.start.slice(0, 10) ?? '');
  const current = new Map<string, string>();
  const spells: { point: string; group: string; fromMs: number; untilMs: number }[] = [];
  for (const intervals of days.values()) {
    const fromMs = report.intervals[intervals[0] ?? 0]?.startMs ?? 0;
    const learned = groupsOfDay(
      report,
      intervals.filter((i) => isLearnedFrom(report.intervals[i]?.start ?? '')),
    );
    for (const [point, group] of learned) {
      if (current.get(point) === group) continue;
      const open = spells.findLast((spell) => spell.point === point);
      if (open) open.untilMs = fromMs;
      spells.push({
        point,
        group,
        fromMs: open ? fromMs : Number.NEGATIVE_INFINITY,
        untilMs: Number.POSITIVE_INFINITY,
      });
      current.set(point, group);
    }
  }
  return spells;
}

function groupsOfDay(report: EdaReport, intervals: readonly number[]): Map<string, string> {
  const groups = new Map<string, string>();
  if (report.producers.length > PRODUCERS_MAX) return groups;
  for (const cluster of clusterConsumers(report, intervals)) {
    const producers = producersOf(report, cluster, intervals);
    if (producers === null) continue;
    const isAll = report.producers.every(
      ({ id, generated }) => producers.includes(id) || intervals.every((i) => !generated[i]),
    );
    const name = isAll ? EVERYBODY : producers.join('+');
    for (const point of [...cluster.map((k) => report.consumers[k]?.id ?? ''), ...producers]) groups.set(point, name);
  }
  return groups;
}

/** Positions of consumers whose offers keep proportion; those who show no offer are left out. */
function clusterConsumers(report: EdaReport, intervals: readonly number[]): number[][] {
  const clusters: number[][] = [];
  for (const k of report.consumers.keys()) {
    const consumer = report.consumers[k];
    if (!intervals.some((i) => consumer?.consumed[i] && consumer.offered[i] !== null)) continue;
    const home = clusters.find((cluster) => cluster.every((other) => isInProportion(report, [k, other], intervals)));
    if (home) home.push(k);
    else clusters.push([k]);
  }
  return clusters;
}

/** o_a / c_a = o_b / c_b within the half mWh that each offer was rounded by. */
function isInProportion(report: EdaReport, [a, b]: readonly [number, number], intervals: readonly number[]): boolean {
  const [first, second] = [report.consumers[a], report.consumers[b]];
  return intervals.every((i) => {
    const [consumedA, consumedB] = [first?.consumed[i] ?? 0, second?.consumed[i] ?? 0];
    if (consumedA === 0 || consumedB === 0) return true;
    const apart = Math.abs((first?.offered[i] ?? 0) * consumedB - (second?.offered[i] ?? 0) * consumedA);
    return apart <= (consumedA + consumedB) / 2;
  });
}

/** The one set of producers whose generation the offers add up to in every interval, half a mWh of rounding each. */
function producersOf(report: EdaReport, cluster: readonly number[], intervals: readonly number[]): string[] | null {
  const { producers } = report;
  const offered = intervals.map((i) => cluster.reduce((sum, k) => sum + (report.consumers[k]?.offered[i] ?? 0), 0));
  for (let set = 1; set < 2 ** producers.length; set++) {
    const chosen = producers.filter((_, bit) => Math.floor(set / 2 ** bit) % 2 === 1);
    const isSum = intervals.every((i, at) => {
      const generated = chosen.reduce((sum, { generated: column }) => sum + (column[i] ?? 0), 0);
      const isNobodyHome = cluster.every((k) => !report.consumers[k]?.consumed[i]);
      return isNobodyHome || Math.abs(generated - (offered[at] ?? 0)) <= cluster.length / 2 + 1;
    });
    if (isSum) return chosen.map((producer) => producer.id);
  }
  return null;
}
