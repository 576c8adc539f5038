/** The clocks of the fixture community: a hub without internet that somebody confirmed, and an agent seven minutes slow. */
import type { ClockMeasurement, Clocks, EdgeClockRecord } from '@commonworks/core/api/index.ts';

const MIN = 60_000;
const HOUR = 60 * MIN;

export function fixtureClocks(nowMs: number): Clocks {
  const confirmedMs = nowMs - 26 * HOUR;
  return {
    hub: {
      ...{ nowMs, isTrusted: true, source: 'confirmed', errorMs: 640, correctionMs: 1840 },
      ...{ measuredMs: confirmedMs, untilMs: nowMs + 71 * HOUR },
    },
    confirmations: [
      { ...{ atMs: confirmedMs, offsetMs: 1840, errorMs: 512, by: 'Ada', boot: 'fixture' }, upMs: 3 * HOUR },
    ],
    edges: [edge('roof', 38, nowMs), edge('workshop', -7.2 * MIN, nowMs)],
    waiting: [{ edge: 'workshop', edgeName: 'workshop', reason: 'boot', packs: 12 }],
  };
}

function edge(name: string, offsetMs: number, nowMs: number): EdgeClockRecord {
  const isRight = Math.abs(offsetMs) <= 2000;
  const history = Array.from({ length: 6 }, (_, k): ClockMeasurement => {
    const source = isRight ? 'system' : 'hub';
    const measured = { offsetMs: offsetMs - 3.1 * k, errorMs: 4.2 + k, isTrusted: isRight, source } as const;
    return { measuredMs: nowMs - 4 * MIN - k * HOUR, ...measured };
  });
  return { edge: name, edgeName: name, history };
}
