/** What time it is, as far as it is known: the wall clock only while somebody vouches for it, else the kernel's own time. */
import { type Clock, type EdgeClock, MONOTONIC_LIMIT_MS, SKEW_MAX_MS } from '@commonworks/core';
import { errorAt, type HubOffset } from './hub-offset.ts';
import type { SystemSync } from './system-sync.ts';

export type TrustedTimeOptions = {
  readonly wallMs: Clock;
  /** Never set by anybody, goes on across lives of the process: the kernel's. */
  readonly monotonicMs: () => number;
  /** The wall clock was set, by so much: whoever vouched for it must be asked again. */
  readonly onStep?: (byMs: number) => void;
};

export type TrustedTime = {
  /** The best known time: the wall clock's, or by the hub's measured offset; follows a wrong clock only without both. */
  readonly now: Clock;
  readonly monotonicMs: () => number;
  /** A time of `now` as it goes into a pack: itself while it is trusted, else milliseconds since boot. */
  readonly stamp: (timeMs: number) => number;
  /** What dates times since boot: epoch = monotonic + this. Null while nobody knows. */
  readonly datingMs: () => number | null;
  /** The hub's clock, right or wrong: commands are dated by it. Null while it was not measured and nobody vouches for ours. */
  readonly hubMs: () => number | null;
  readonly knowledge: () => EdgeClock;
  /** `asked` is what `generation` said before the service was asked: an answer from before a step says nothing. */
  readonly hearSystem: (sync: SystemSync, asked: number) => void;
  readonly hearHub: (hub: HubOffset) => void;
  readonly generation: () => number;
};

/** Slewing moves a clock by at most 8.3 % (chrony's maxslewrate), and it is looked at every second at least. */
const STEP_MIN_MS = 500;
/** The service is asked every minute; what it said three times ago counts no more. */
const SYSTEM_AGE_MAX_MS = 180_000;
/** A hub's offset jitters with the wire; below this the one in use is kept, so that stamps stay on their ticks. */
const REBASE_MIN_MS = 50;
/** Readings are stamped within seconds; of earlier stretches nothing is asked. */
const STRETCHES_KEPT = 8;
const TOLERANCE_MS = 5;

/** A stretch of time during which `now` was monotonic time plus one base. */
type Stretch = {
  baseMs: number;
  readonly fromMs: number;
  toMs: number;
  isTrusted: boolean;
  readonly by: 'wall' | 'hub';
};

export function createTrustedTime(options: TrustedTimeOptions): TrustedTime {
  const { monotonicMs } = options;
  const witnesses = createWitnesses();
  const { look, current, wallBaseMs, stretchAt } = createCourse(options, witnesses);
  return {
    monotonicMs,
    generation: witnesses.generation,
    now: () => {
      const atMs = look();
      return Math.floor(atMs + current().baseMs);
    },
    stamp: (timeMs) => {
      const atMs = look();
      const stretch = stretchAt(timeMs, atMs);
      if (stretch.isTrusted) return timeMs;
      const sinceBootMs = Math.round(timeMs - stretch.baseMs);
      return Math.min(Math.max(sinceBootMs, 0), Math.ceil(atMs), MONOTONIC_LIMIT_MS - 1);
    },
    datingMs: () => {
      const atMs = look();
      if (witnesses.isSystemTrusted(atMs)) return Math.round(wallBaseMs());
      const known = witnesses.known();
      return known === null ? null : Math.round(current().by === 'hub' ? current().baseMs : known.offsetMs);
    },
    hubMs: () => {
      const atMs = look();
      const hub = witnesses.hub();
      if (hub !== null) return atMs + hub.offsetMs;
      return current().isTrusted ? atMs + wallBaseMs() : null;
    },
    knowledge: () => {
      const atMs = look();
      const { isTrusted, by } = current();
      const isKnown = isTrusted || by === 'hub';
      const source = isTrusted && witnesses.isSystemTrusted(atMs) ? 'system' : isKnown ? 'hub' : 'none';
      return { isTrusted, source, ...measuredBy(witnesses.hub(), { atMs, wallBaseMs: wallBaseMs() }) };
    },
    hearSystem: (sync, asked) => {
      witnesses.hearSystem(sync, { asked, atMs: look() });
      look();
    },
    hearHub: (measured) => {
      witnesses.hearHub(measured);
      look();
    },
  };
}

/** The course of both clocks, and which stretch of it is in force. */
function createCourse({ wallMs, monotonicMs, onStep }: TrustedTimeOptions, witnesses: Witnesses) {
  let wallBaseMs = wallMs() - monotonicMs();
  const first: Stretch = { baseMs: wallBaseMs, fromMs: 0, toMs: 0, isTrusted: false, by: 'wall' };
  const stretches: Stretch[] = [first];
  const current = () => stretches[0] ?? first;
  const begin = (stretch: Pick<Stretch, 'baseMs' | 'isTrusted' | 'by'>, fromMs: number) => {
    stretches.unshift({ ...stretch, fromMs, toMs: fromMs });
    stretches.length = Math.min(stretches.length, STRETCHES_KEPT);
  };
  /** Looks at both clocks, notices a step, and decides what is in force: called before any time is given out. */
  const look = (): number => {
    const atMs = monotonicMs();
    const byMs = wallMs() - atMs - wallBaseMs;
    const isStep = Math.abs(byMs) > STEP_MIN_MS;
    wallBaseMs += byMs;
    if (isStep) witnesses.forgetSystem();
    const isTrusted = witnesses.vouchFor({ atMs, wallBaseMs });
    const wanted = whatCounts(current(), { isTrusted, wallBaseMs, hubBaseMs: witnesses.known()?.offsetMs ?? null });
    const isOther = wanted.by !== current().by || (wanted.by === 'wall' ? isStep : wanted.baseMs !== current().baseMs);
    if (isOther) begin(wanted, atMs);
    Object.assign(current(), { baseMs: wanted.baseMs, isTrusted: wanted.isTrusted, toMs: atMs });
    if (isStep) onStep?.(byMs);
    return atMs;
  };
  return {
    look,
    current,
    wallBaseMs: () => wallBaseMs,
    stretchAt: (timeMs: number, atMs: number) => stretchOf(stretches, timeMs, atMs),
  };
}

type Moment = { readonly atMs: number; readonly wallBaseMs: number };

type Witnesses = ReturnType<typeof createWitnesses>;

/** Who vouches for the wall clock: the system's time service, and the hub it was measured against. */
function createWitnesses() {
  let generation = 0;
  let system: { readonly sync: SystemSync; readonly atMs: number } | null = null;
  // The newest measurement, and the newest by a hub that knew its own time: one restarted without it takes nothing away.
  let hub: HubOffset | null = null;
  let known: HubOffset | null = null;
  const isSystemTrusted = (atMs: number) =>
    system?.sync.isSynchronised === true && atMs - system.atMs <= SYSTEM_AGE_MAX_MS;
  const isHubTrusted = ({ atMs, wallBaseMs }: Moment) =>
    known !== null && Math.abs(wallBaseMs - known.offsetMs) + errorAt(known, atMs) <= SKEW_MAX_MS;
  return {
    generation: () => generation,
    hub: () => hub,
    known: () => known,
    isSystemTrusted,
    vouchFor: (moment: Moment) => isSystemTrusted(moment.atMs) || isHubTrusted(moment),
    forgetSystem: () => {
      generation += 1;
      system = null;
    },
    hearSystem: (sync: SystemSync, at: { asked: number; atMs: number }) => {
      if (at.asked === generation) system = { sync, atMs: at.atMs };
    },
    hearHub: (measured: HubOffset) => {
      hub = measured;
      if (measured.isTrusted) known = measured;
    },
  };
}

type Facts = { readonly isTrusted: boolean; readonly wallBaseMs: number; readonly hubBaseMs: number | null };

/** The wall clock while it is trusted; else the hub's time, whose base is whole so that ticks stay whole; else the wall. */
function whatCounts(now: Stretch, facts: Facts): Pick<Stretch, 'baseMs' | 'isTrusted' | 'by'> {
  const { isTrusted, wallBaseMs, hubBaseMs } = facts;
  if (isTrusted || hubBaseMs === null) return { baseMs: wallBaseMs, isTrusted, by: 'wall' };
  const isKept = now.by === 'hub' && Math.abs(now.baseMs - hubBaseMs) < REBASE_MIN_MS;
  return { baseMs: isKept ? now.baseMs : Math.round(hubBaseMs), isTrusted, by: 'hub' };
}

function measuredBy(hub: HubOffset | null, now: Moment) {
  if (hub === null) return { offsetMs: null, errorMs: null, measuredMs: null };
  return {
    offsetMs: Math.round(now.wallBaseMs - hub.offsetMs),
    errorMs: Math.ceil(errorAt(hub, now.atMs)),
    measuredMs: Math.round(hub.atMs + hub.offsetMs),
  };
}

/** The stretch in which `now` said this time: the newest that did; for a time that no clock of ours ever said, the newest. */
function stretchOf(stretches: readonly Stretch[], timeMs: number, atMs: number): Stretch {
  const said = stretches.find((stretch, index) => {
    const sinceBootMs = timeMs - stretch.baseMs;
    const endMs = index === 0 ? atMs : stretch.toMs;
    return sinceBootMs >= stretch.fromMs - TOLERANCE_MS && sinceBootMs <= endMs + TOLERANCE_MS;
  });
  return said ?? (stretches[0] as Stretch);
}
