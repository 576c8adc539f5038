/** What happens in the workshop on a day: who booked which machine, badges in, lets it run, and badges out. */
import type { WallClock } from './local-time.ts';
import { between, createDraw, type Draw } from './random.ts';

export const MACHINES = ['laser-1', 'cnc-1'] as const;
export type MachineName = (typeof MACHINES)[number];

/** The makers, by the name the seed knows them under. */
export const MAKERS = ['ben', 'clara', 'dora', 'emil'] as const;
export type Maker = (typeof MAKERS)[number];

export type Phase = { readonly kind: 'run' | 'hold'; readonly fromMs: number; readonly toMs: number };

/** Every time is a multiple of 10 s; a booking's of 15 minutes. */
export type WorkshopSession = {
  readonly machine: MachineName;
  readonly maker: Maker;
  readonly bookedFromMs: number;
  readonly bookedToMs: number;
  readonly inMs: number;
  readonly outMs: number;
  readonly phases: readonly Phase[];
};

export type WorkshopPlan = {
  /** Sessions that may touch the local day, ascending. `dayIndex` counts local days since the epoch. */
  readonly sessionsOf: (dayIndex: number) => readonly WorkshopSession[];
  readonly sessionAt: (machine: MachineName, timeMs: number) => WorkshopSession | null;
  /** The first badge or machine event after the given time, looking a day ahead; null when there is none. */
  readonly nextEventMs: (afterMs: number) => number | null;
  /** Makers whose badge is shown exactly then. */
  readonly badgesAt: (timeMs: number) => readonly Maker[];
};

const MIN_MS = 60_000;
const DAY_MS = 86_400_000;
const STEP_MS = 10_000;

/** Local begin of the windows, hours, with the chance of use on a working day and at a weekend. */
const WINDOWS: Record<MachineName, readonly { readonly hour: number; readonly work: number; readonly rest: number }[]> =
  {
    'laser-1': [
      { hour: 9.5, work: 0.3, rest: 0.5 },
      { hour: 14, work: 0.45, rest: 0.6 },
      { hour: 18, work: 0.75, rest: 0.3 },
    ],
    'cnc-1': [
      { hour: 8.5, work: 0.5, rest: 0.2 },
      { hour: 12.5, work: 0.4, rest: 0.6 },
      { hour: 17.5, work: 0.65, rest: 0.25 },
    ],
  };

export function createWorkshopPlan(seed: number, clock: WallClock): WorkshopPlan {
  const draw = createDraw(seed, 'workshop/plan');
  const days = new Map<number, readonly WorkshopSession[]>();
  const sessionsOf = (dayIndex: number) => {
    let sessions = days.get(dayIndex);
    if (sessions === undefined) {
      sessions = planDay(draw, dayIndex, clock);
      if (days.size > 100) days.clear();
      days.set(dayIndex, sessions);
    }
    return sessions;
  };
  const dayOf = (timeMs: number) => Math.floor((timeMs + clock.offsetMs(timeMs)) / DAY_MS);
  return {
    sessionsOf,
    sessionAt: (machine, timeMs) =>
      sessionsOf(dayOf(timeMs)).find((one) => one.machine === machine && one.inMs <= timeMs && timeMs < one.outMs) ??
      null,
    nextEventMs: (afterMs) => {
      const day = dayOf(afterMs);
      let next: number | null = null;
      for (const session of [...sessionsOf(day), ...sessionsOf(day + 1)]) {
        for (const time of eventTimes(session)) if (time > afterMs && (next === null || time < next)) next = time;
      }
      return next;
    },
    badgesAt: (timeMs) =>
      sessionsOf(dayOf(timeMs))
        .filter((one) => one.inMs === timeMs || one.outMs === timeMs)
        .map((one) => one.maker),
  };
}

function eventTimes(session: WorkshopSession): number[] {
  return [session.inMs, session.outMs, ...session.phases.flatMap((phase) => [phase.fromMs, phase.toMs])];
}

function planDay(draw: Draw, dayIndex: number, clock: WallClock): WorkshopSession[] {
  const weekday = (dayIndex + 4) % 7;
  const isRest = weekday === 0 || weekday === 6;
  const at = (n: number) => draw(dayIndex * 512 + n);
  // Two makers for the laser and two for the mill, changing by day: nobody stands at two machines at once.
  const turn = Math.floor(at(0) * MAKERS.length);
  const sessions: WorkshopSession[] = [];
  for (const [m, machine] of MACHINES.entries()) {
    for (const [w, window] of WINDOWS[machine].entries()) {
      const n = 16 + m * 128 + w * 32;
      if (at(n) >= (isRest ? window.rest : window.work)) continue;
      const maker = MAKERS[(turn + 2 * m + (at(n + 1) < 0.65 ? 0 : 1)) % MAKERS.length] ?? 'ben';
      const quarters = Math.floor(at(n + 2) * 3);
      const localMs = dayIndex * DAY_MS + Math.round(window.hour * 4 + quarters) * 15 * MIN_MS;
      const fromMs = localMs - clock.offsetMs(localMs - clock.offsetMs(localMs));
      sessions.push(planSession({ machine, maker, bookedFromMs: fromMs }, (k) => at(n + 3 + k)));
    }
  }
  return sessions.sort((a, b) => a.inMs - b.inMs);
}

function planSession(
  head: Pick<WorkshopSession, 'machine' | 'maker' | 'bookedFromMs'>,
  at: (n: number) => number,
): WorkshopSession {
  const inMs = head.bookedFromMs + seconds(between(at(0), 40, 400));
  const runs = 1 + Math.floor(at(1) * 3);
  const phases: Phase[] = [];
  let clockMs = inMs + seconds(between(at(2), 150, 480));
  for (let run = 0; run < runs; run++) {
    const endMs = clockMs + seconds(between(at(3 + run), 360, 1560));
    if (head.machine === 'cnc-1' && at(7 + run) < 0.4) {
      // A tool change: the mill holds for a while in the middle of the job.
      const holdMs = clockMs + seconds(between(at(10 + run), 0.3, 0.6) * ((endMs - clockMs) / 1000));
      const resumeMs = holdMs + seconds(between(at(13 + run), 60, 200));
      phases.push({ kind: 'run', fromMs: clockMs, toMs: holdMs }, { kind: 'hold', fromMs: holdMs, toMs: resumeMs });
      phases.push({ kind: 'run', fromMs: resumeMs, toMs: endMs + resumeMs - holdMs });
      clockMs = endMs + resumeMs - holdMs;
    } else {
      phases.push({ kind: 'run', fromMs: clockMs, toMs: endMs });
      clockMs = endMs;
    }
    if (run < runs - 1) clockMs += seconds(between(at(16 + run), 90, 420));
  }
  const outMs = clockMs + seconds(between(at(20), 100, 360));
  const quarter = 15 * MIN_MS;
  return { ...head, inMs, outMs, phases, bookedToMs: Math.ceil((outMs + MIN_MS) / quarter) * quarter };
}

function seconds(count: number): number {
  return Math.round((count * 1000) / STEP_MS) * STEP_MS;
}
