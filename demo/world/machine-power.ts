/** What the two machines draw: standby, a session's chiller or controller, and the work itself. */
import type { Draw } from './random.ts';
import type { MachineName, Phase, WorkshopPlan } from './workshop-plan.ts';

export type MachineMoment = {
  readonly isInSession: boolean;
  /** Null while nothing is being made. */
  readonly phase: Phase | null;
};

export function machineMoment(plan: WorkshopPlan, machine: MachineName, timeMs: number): MachineMoment {
  const session = plan.sessionAt(machine, timeMs);
  const phase = session?.phases.find((one) => one.fromMs <= timeMs && timeMs < one.toMs) ?? null;
  return { isInSession: session !== null, phase };
}

/** Watts; `slot` varies the cut, `isPermitted` is the laser's relay. */
export function machinePowerW(machine: MachineName, moment: MachineMoment, cut: number): number {
  if (machine === 'laser-1') {
    if (moment.phase !== null) return 980 + 720 * cut;
    return moment.isInSession ? 88 + 14 * cut : 5.2;
  }
  if (moment.phase?.kind === 'run') return 840 + 880 * cut;
  if (moment.phase?.kind === 'hold') return 215 + 20 * cut;
  return moment.isInSession ? 96 + 10 * cut : 31;
}

/** A number in [0, 1) that changes with each ten seconds. */
export function cutOf(draw: Draw, machine: MachineName, timeMs: number): number {
  return draw(Math.floor(timeMs / 10_000) * 2 + (machine === 'laser-1' ? 0 : 1));
}
