/** The agent's time: how it stamps what it reads, how it dates commands, and what it knows of its clock. */
import type { OpenedClock } from '@commonworks/clock';
import type { HubOffset } from '@commonworks/clock/hub-offset.ts';
import { kernelBootId, kernelMs } from '@commonworks/clock/machine-time.ts';
import { openSystemClock } from '@commonworks/clock/system.ts';
import { readSystemSync, type SystemSync } from '@commonworks/clock/system-sync.ts';
import { createTrustedTime, type TrustedTime } from '@commonworks/clock/trusted-time.ts';
import type { EdgeClock } from '@commonworks/core';
import type { CommandTime } from '../command/deadlines.ts';

export type AgentTime = Pick<TrustedTime, 'now' | 'stamp' | 'datingMs' | 'knowledge' | 'monotonicMs'> & {
  readonly ticks: OpenedClock['ticks'];
  /** Leases and expiry. */
  readonly commands: CommandTime;
  /** Null in a demo: its time needs no measuring. */
  readonly hearHub: ((hub: HubOffset) => void) | null;
};

/** What a machine says of itself; tests put another one in its place. */
export type Machine = {
  readonly kernelMs: () => number;
  readonly kernelBoot: string | null;
  readonly readSync: () => Promise<SystemSync>;
};

export const thisMachine = (): Machine => ({ kernelMs, kernelBoot: kernelBootId(), readSync: readSystemSync });

export type AgentTimeOptions = {
  readonly clock: OpenedClock;
  readonly machine: Machine;
  /** This life of the process: stands for the boot where the system does not name it. */
  readonly life: string;
  readonly signal: AbortSignal;
  readonly onStep: (byMs: number) => void;
  /** Something may be known that was not, or the other way round. */
  readonly onHeard: () => void;
};

const LOOK_MS = 1000;
const SYNC_PERIOD_MS = 60_000;
/** While nobody vouches for the clock the service is asked more often: most begin within a minute of the network. */
const SYNC_EAGER_MS = 5000;

/** A demo's clock is the demo's, and trusted. */
export function openAgentTime(options: AgentTimeOptions): AgentTime {
  return options.clock.status().mode === 'system' ? openRealTime(options) : demoTime(options.clock);
}

function demoTime({ now, ticks }: OpenedClock): AgentTime {
  const knowledge: EdgeClock = {
    isTrusted: true,
    source: 'demo',
    offsetMs: null,
    errorMs: null,
    measuredMs: null,
  };
  return {
    now,
    ticks,
    monotonicMs: now,
    stamp: (timeMs) => timeMs,
    datingMs: () => 0,
    knowledge: () => knowledge,
    commands: { elapsedMs: now, boot: 'demo', hubMs: now },
    hearHub: null,
  };
}

function openRealTime(options: AgentTimeOptions): AgentTime {
  const { clock, machine, signal } = options;
  const trusted = createTrustedTime({
    wallMs: clock.now,
    monotonicMs: machine.kernelMs,
    onStep: (byMs) => {
      options.onStep(byMs);
      void askSystem();
    },
  });
  let askedMs = Number.NEGATIVE_INFINITY;
  async function askSystem(): Promise<void> {
    askedMs = machine.kernelMs();
    const generation = trusted.generation();
    trusted.hearSystem(await machine.readSync(), generation);
    options.onHeard();
  }
  const look = () => {
    trusted.now();
    const periodMs = trusted.knowledge().isTrusted ? SYNC_PERIOD_MS : SYNC_EAGER_MS;
    if (machine.kernelMs() - askedMs >= periodMs) void askSystem();
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  const { now, stamp, datingMs, knowledge, monotonicMs, hubMs } = trusted;
  return {
    ...{ now, stamp, datingMs, knowledge, monotonicMs },
    // By the best known time: readings stand on the quarter-hours although the wall clock is off.
    ticks: openSystemClock(signal, now).ticks,
    commands: { elapsedMs: monotonicMs, boot: machine.kernelBoot ?? options.life, hubMs },
    hearHub: (hub) => {
      trusted.hearHub(hub);
      options.onHeard();
    },
  };
}
