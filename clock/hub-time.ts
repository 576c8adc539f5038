/** The hub's time in a process: read, judged and corrected; the same notion for the broker and the community server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, HubMoment, HubTimeState, TimeConfirmation } from '@commonworks/core';
import { TimeConfirmation as ConfirmationSchema } from '@commonworks/core';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { ChipPair, fitChip, readChip, timeOfChip } from './clock-chip.ts';
import {
  type Anchor,
  assumedState,
  confirmedAnchor,
  DRIFT_MAX_PPM,
  hubState,
  isRefuted,
  systemAnchor,
} from './hub-trust.ts';
import { kernelBootId, kernelMs, sleptMs } from './machine-time.ts';
import { readSystemSync, type SystemSync } from './system-sync.ts';

/** `host`: the machine's clock is right, its host sees to that; `demo`: of a demo; `ask`: what vouches for it is looked for. */
export type HubTimeKind = 'host' | 'demo' | 'ask';

export type HubTime = {
  /** UTC epoch milliseconds: the machine's clock, corrected by what was confirmed. */
  readonly now: Clock;
  readonly state: () => HubTimeState;
  /** For what is kept to be judged later. */
  readonly moment: () => HubMoment;
  /** Milliseconds that nobody sets: for ages and deadlines. */
  readonly monotonic: () => number;
  /** Called when the time becomes trusted or untrusted, and when it was set by more than a second. */
  readonly onChange: (listener: (state: HubTimeState) => void) => void;
  /** Looks again at once: somebody confirmed the time. */
  readonly refresh: () => Promise<void>;
};

export type HubTimeOptions = {
  readonly kind: HubTimeKind;
  /** The site's folder for data: what was confirmed and measured is kept there. */
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly readSync?: () => Promise<SystemSync>;
  readonly wall?: Clock;
  /** Milliseconds since the kernel began, and that kernel's life. */
  readonly up?: () => number;
  readonly boot?: string;
  /** Milliseconds that this machine has slept: then its clock moves on without elapsed time. */
  readonly slept?: () => number;
  readonly chipFile?: string;
  readonly lookEveryMs?: number;
};

export const CONFIRMATIONS_FILE = 'hub-time.json';
export const CHIP_PAIRS_FILE = 'clock-chip.json';

/** What costs a file's look; the time service is asked every sixth time, the chip once an hour. */
const LOOK_EVERY_MS = 5000;
const SYNC_EVERY_LOOKS = 6;
const CHIP_EVERY_MS = 3_600_000;
/** A wall clock that moved by more than this against elapsed time was set. */
const STEP_MS = 1000;
/** A service that still vouches for a clock set by so much has measured it anew: chrony asks at least every 1024 s. */
const SETTLED_MS = 1_100_000;

/** Resolves when the time was looked at once. */
export async function openHubTime(options: HubTimeOptions): Promise<HubTime> {
  const wall = options.wall ?? Date.now;
  const up = options.up ?? kernelMs;
  const boot = options.boot ?? kernelBootId() ?? '';
  const sources = createSources(options, { boot, wall, up });
  const listeners: ((state: HubTimeState) => void)[] = [];
  const state = (): HubTimeState => {
    const now = { wallMs: wall(), upMs: up() };
    if (options.kind !== 'ask') return assumedState(options.kind, now);
    return hubState(sources.anchors(), now);
  };
  const eraOf = (one: HubTimeState) => ({ isTrusted: one.isTrusted, originMs: one.nowMs - up() });
  await sources.look(0);
  let era = eraOf(state());
  const tellChange = () => {
    const next = eraOf(state());
    if (next.isTrusted === era.isTrusted && Math.abs(next.originMs - era.originMs) <= STEP_MS) return;
    era = next;
    for (const listener of listeners) listener(state());
  };
  let looks = 0;
  const look = async () => {
    await sources.look(++looks);
    tellChange();
  };
  lookEvery(options.lookEveryMs ?? LOOK_EVERY_MS, look, options.signal);
  return {
    now: () => Math.round(state().nowMs),
    state,
    moment: () => {
      const { nowMs, isTrusted } = state();
      return { nowMs: Math.round(nowMs), isTrusted, boot, upMs: Math.trunc(up()) };
    },
    monotonic: up,
    onChange: (listener) => void listeners.push(listener),
    refresh: async () => {
      await sources.look(0);
      tellChange();
    },
  };
}

/** A hub whose clock is right by agreement. */
export function rightHub(now: Clock): HubTime {
  const state = () => assumedState('host', { wallMs: now(), upMs: kernelMs() });
  const boot = kernelBootId() ?? '';
  return {
    ...{ now, state, monotonic: kernelMs, onChange: () => undefined, refresh: async () => undefined },
    moment: () => ({ nowMs: now(), isTrusted: true, boot, upMs: Math.trunc(kernelMs()) }),
  };
}

function lookEvery(everyMs: number, look: () => Promise<void>, signal: AbortSignal): void {
  let timer: NodeJS.Timeout;
  const again = () => {
    if (signal.aborted) return;
    timer = setTimeout(() => void look().then(again, again), everyMs).unref();
  };
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  again();
}

type Machine = { readonly boot: string; readonly wall: Clock; readonly up: () => number };

function createSources(options: HubTimeOptions, { boot, wall, up }: Machine) {
  const readSync = options.readSync ?? readSystemSync;
  let system: Anchor | null = null;
  let isSynchronised = false;
  let confirmed: Anchor | null = null;
  let chip: Anchor | null = null;
  let chipReadMs = Number.NEGATIVE_INFINITY;
  const slept = options.slept ?? sleptMs;
  let sleptAtMs = slept();
  let offSinceMs: number | null = null;
  /** Somebody set the clock: what the service said was of another. Elapsed time goes on from there. */
  const isOff = (): boolean => system !== null && Math.abs(wall() - up() - (system.atMs - system.upMs)) > STEP_MS;
  const hearSync = (sync: SystemSync) => {
    isSynchronised = sync.isSynchronised;
    if (isOff()) offSinceMs ??= up();
    else offSinceMs = null;
    const isAwake = slept() - sleptAtMs > STEP_MS;
    const isSettled = offSinceMs !== null && up() - offSinceMs > SETTLED_MS;
    if (!sync.isSynchronised || (isOff() && !isAwake && !isSettled)) return;
    system = systemAnchor({ wallMs: wall(), upMs: up() }, sync.errorMs);
    sleptAtMs = slept();
    offSinceMs = null;
  };
  const readChipAnchor = async () => {
    chipReadMs = up();
    const fit = fitChip(readKept(join(options.dir, CHIP_PAIRS_FILE), ChipPair));
    const chipMs = fit === null ? null : await readChip(options.chipFile);
    if (fit === null || chipMs === null) return;
    const rate = { ratePpm: 0, ratePpmError: DRIFT_MAX_PPM };
    chip = { source: 'chip', ...timeOfChip(fit, chipMs), upMs: up(), ...rate };
  };
  return {
    /** The service's word is taken while it gives it; what it said last holds on, with a growing bound. */
    anchors(): Anchor[] {
      if (isSynchronised && system !== null && !isOff()) {
        return [systemAnchor({ wallMs: wall(), upMs: up() }, system.errorMs)];
      }
      return [isRefuted(system, confirmed) ? null : system, confirmed, chip].filter((one) => one !== null);
    },
    async look(count: number): Promise<void> {
      if (options.kind !== 'ask') return;
      confirmed = confirmedAnchor(readConfirmations(options.dir), boot);
      if (count % SYNC_EVERY_LOOKS === 0 || isOff()) hearSync(await readSync());
      if (!isSynchronised && up() - chipReadMs > CHIP_EVERY_MS) await readChipAnchor();
    },
  };
}

/** What people confirmed, oldest first; none when the file is not there or not whole. */
export function readConfirmations(dir: string): TimeConfirmation[] {
  return readKept(join(dir, CONFIRMATIONS_FILE), ConfirmationSchema);
}

export function readKept<T extends Parameters<typeof Type.Array>[0]>(file: string, schema: T): Type.Static<T>[] {
  try {
    const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Value.Check(Type.Array(schema), kept) ? (kept as Type.Static<T>[]) : [];
  } catch {
    return [];
  }
}
