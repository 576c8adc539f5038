/** May this member start this machine now? One decision, with the reason in plain words. */
import type { ErrorCode } from '../error-catalogue.ts';
import type { Activity } from '../points.ts';
import { localTime } from '../time.ts';

/** A snapshot of everything the decision depends on. */
export type StartFacts = {
  readonly nowMs: number;
  /** For times in the reason. */
  readonly zone: string;
  /** Null when the one who asks is not a member (or a badge is not known). */
  readonly member: { readonly id: string; readonly hasLeft: boolean } | null;
  readonly activity: Activity;
  /** The member who is badged in, if any. */
  readonly inSession: string | null;
  /** The booking that runs now, and the next one of somebody else. */
  readonly running: { readonly member: string; readonly toMs: number } | null;
  readonly nextOfOthersMs: number | null;
};

/** `untilMs`: when somebody else's booking begins; it ends the permission to start, never a running machine. */
export type MayStart =
  | { readonly ok: true; readonly reason: string; readonly untilMs: number | null }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string };

/** A time without its day says enough only when it is near. */
const SOON_MS = 12 * 3_600_000;

export function mayStart(facts: StartFacts): MayStart {
  const { member, zone } = facts;
  if (member === null) return no('workshop.not-a-member', 'Only members may start a machine. Ask an admin to join.');
  if (member.hasLeft) return no('workshop.not-a-member', 'This membership has ended. Ask an admin.');
  if (facts.inSession === member.id) return no('workshop.already-in-session', 'You are badged in on this machine.');
  if (facts.inSession !== null) {
    return no('workshop.machine-in-session', 'Somebody else is badged in. Wait until they badge out.');
  }
  if (facts.activity === 'alarm') {
    return no('workshop.machine-in-alarm', 'The machine reports an alarm. Clear it at the machine or ask an operator.');
  }
  if (facts.running !== null && facts.running.member !== member.id) {
    const until = localTime(facts.running.toMs, zone);
    return no('workshop.machine-booked', `Booked by somebody else until ${until}. Book a later time.`);
  }
  const untilMs = facts.nextOfOthersMs;
  const isSoon = untilMs !== null && untilMs - facts.nowMs < SOON_MS;
  const isHeard = facts.activity !== 'unknown';
  const free = isHeard ? 'Free for you' : 'Nobody has it, but the machine has not been heard of lately. It is yours';
  const reason = isSoon ? `${free} until ${localTime(untilMs, zone)}.` : `${free}.`;
  return { ok: true, reason, untilMs };
}

function no(code: ErrorCode, reason: string): MayStart {
  return { ok: false, code, reason };
}
