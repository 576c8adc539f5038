/** A running demo world: wires, clock port and conductor together. */
import type { ClockMessage } from '@commonworks/core/demo-clock.ts';
import type { Logger } from 'pino';
import { openClockServer, type WorldRequest } from './clock-server.ts';
import { createConductor } from './conductor.ts';
import type { DemoConfig } from './site/demo-config.ts';
import { createFaults, type Faults } from './wire/faults.ts';
import { type DemoPorts, openWires, oracle } from './wires.ts';
import type { WorldSnapshot } from './world/state.ts';
import { createWorld } from './world/world.ts';

export type RunWorldOptions = {
  readonly seed: number;
  readonly speed: number;
  readonly originMs: number;
  readonly zone: string;
  readonly config: DemoConfig;
  /** Agents that the replay waits for, by name. */
  readonly drivers: readonly string[];
  readonly saved: WorldSnapshot | null;
  readonly save: (snapshot: WorldSnapshot) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly realNow?: () => number;
  readonly waits?: { readonly patienceMs: number; readonly tellEveryMs: number };
  readonly onReady?: (ports: DemoPorts) => void;
};

const HOST = '127.0.0.1';
/** The first instant is the origin itself: the world begins one quarter hour earlier. */
const LEAD_MS = 900_000;

/** Runs until the signal; everything is closed and saved when it resolves. */
export async function runWorld(options: RunWorldOptions): Promise<void> {
  const { seed, zone, config, log, signal } = options;
  const world = createWorld({ seed, zone, startMs: options.originMs - LEAD_MS }, options.saved ?? undefined);
  const faults = createFaults();
  const conductor = createConductor(world, {
    ...options.waits,
    cards: config.cards,
    speed: options.speed,
    realNow: options.realNow ?? Date.now,
  });
  const save = () => {
    if (conductor.isWhole()) options.save(world.snapshot());
  };
  const { sync } = conductor;
  const wires = await openWires(world, { host: HOST, ports: config.ports, seed, faults, sync, onControl: save });
  const answer = (request: WorldRequest): ClockMessage => {
    sync();
    if (request.type === 'registers') {
      return { type: 'registers', id: request.id, atMs: world.nowMs(), devices: oracle(world) };
    }
    if (request.type === 'badge') wires.showBadge(request.uid);
    else setFault(faults, request);
    return { type: 'done', id: request.id };
  };
  try {
    await using stack = new AsyncDisposableStack();
    const server = stack.adopt(
      await openClockServer({
        ...{ host: HOST, port: config.ports.clock, time: conductor.time, answer, signal },
        expected: options.drivers,
      }),
      (opened) => opened.close(),
    );
    options.onReady?.({ clock: server.port, ...wires.ports });
    await conductor.run({ server, wires, save, log, signal });
  } finally {
    wires.close();
  }
}

function setFault(faults: Faults, request: Extract<WorldRequest, { type: 'fault' }>): void {
  faults.set(request.device, request.fault, { count: request.count, delayMs: request.delayMs });
}
