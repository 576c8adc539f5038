/** Runs the world: first through the past in lock-step with its readers, then along with real time. */
import type { Logger } from 'pino';
import type { ClockServer, TimeMessage } from './clock-server.ts';
import { type LiveTime, replayEndMs, startLiveTime } from './live-time.ts';
import type { Wires } from './wires.ts';
import type { World } from './world/world.ts';

/**
 * A busy machine, or a small one, may need minutes to start its agents, and nothing is gained by hurrying past them: what
 * they do not read now is missing afterwards. Only an agent that shows no sign of life for this long is passed over.
 */
const PATIENCE_MS = 15 * 60_000;
/** A person at the terminal is told as often what the replay waits for. */
const TELL_EVERY_MS = 10_000;
/** An observer (broker, community) that hangs holds up nobody's reading. */
const OBSERVER_MS = 60_000;
const REPLAY_SAVE_EVERY_MS = 500;
const LIVE_SAVE_EVERY_MS = 2000;
const LIVE_STEP_MS = 50;
const BROADCAST_EVERY_MS = 1000;
/** A machine that slept this long has missed quarter hours: they are replayed. */
const BEHIND_MAX_MS = 16 * 60_000;

export type Stage = {
  readonly server: ClockServer;
  readonly wires: Wires;
  readonly save: () => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
};

export type ConductorOptions = {
  readonly patienceMs?: number;
  readonly tellEveryMs?: number;
  /** UIDs of the makers' cards. */
  readonly cards: Readonly<Record<string, string>>;
  readonly speed: number;
  readonly realNow: () => number;
};

export type Conductor = {
  readonly time: () => TimeMessage;
  /** Brings a running world up to the present; does nothing in a replay. */
  readonly sync: () => void;
  /**
   * False once an instant was played that a driver has not read. The world is then not saved any more: its next start goes
   * on from the last instant that everybody has, and plays the rest again.
   */
  readonly isWhole: () => boolean;
  readonly run: (stage: Stage) => Promise<void>;
};

export function createConductor(world: World, options: ConductorOptions): Conductor {
  let running: { stage: Stage; live: LiveTime } | null = null;
  const time = (): TimeMessage => ({
    type: 'time',
    nowMs: running?.live.nowMs() ?? world.nowMs(),
    speed: running?.live.speed() ?? options.speed,
    mode: running === null ? 'replaying' : 'demo',
  });
  const scene: Scene = { world, options, time, isWhole: true };
  return {
    time,
    isWhole: () => scene.isWhole,
    sync: () => {
      if (running !== null) catchUp(scene, running.stage, running.live);
    },
    run: async (stage) => {
      while (!stage.signal.aborted) {
        await replay(scene, stage);
        // An instant that is not read yet must not be saved: it will be played again.
        if (stage.signal.aborted) return;
        // Time that runs fast waits for its readers: a few seconds of theirs are minutes of the world's.
        if (options.speed > 1) await agents(scene, stage, stage.server.drivers.absent);
        if (stage.signal.aborted) return;
        running = { stage, live: startLiveTime({ fromMs: world.nowMs(), speed: options.speed }, options.realNow) };
        await runLive(scene, stage, running.live);
        running = null;
        stage.save();
      }
    },
  };
}

type Scene = {
  readonly world: World;
  readonly options: ConductorOptions;
  readonly time: () => TimeMessage;
  isWhole: boolean;
};

async function replay(scene: Scene, stage: Stage): Promise<void> {
  const { world, options, time } = scene;
  const { server, log, signal } = stage;
  const startMs = world.nowMs();
  const endMs = () => replayEndMs(options.realNow(), options.speed);
  if (world.nextInstantMs() > endMs()) return;
  server.broadcast(time());
  await agents(scene, stage, stage.server.drivers.absent);
  let instants = 0;
  let savedAt = performance.now();
  const startedAt = savedAt;
  while (!signal.aborted && world.nextInstantMs() <= endMs()) {
    await playInstant(scene, stage, world.nextInstantMs());
    if (signal.aborted) return;
    instants += 1;
    // Saved only once it was read: a world that falls here comes back to an instant that everybody has.
    if (performance.now() - savedAt > REPLAY_SAVE_EVERY_MS) {
      stage.save();
      savedAt = performance.now();
    }
  }
  stage.save();
  const tookS = Math.round((performance.now() - startedAt) / 100) / 10;
  const days = Math.round((world.nowMs() - startMs) / 8_640_000) / 10;
  log.info({ instants, tookS, days }, `replayed ${days} days in ${tookS} s`);
}

/** One stand-still of the world: everybody knows the time, all that speaks by itself has spoken, then it is read. */
async function playInstant(scene: Scene, stage: Stage, atMs: number): Promise<void> {
  const { world, options, time } = scene;
  const { drivers } = stage.server;
  world.advanceTo(atMs);
  stage.server.broadcast(time());
  await drivers.observersFollow(atMs, OBSERVER_MS);
  await agents(scene, stage, () => drivers.unaware(atMs));
  stage.wires.pushTelegram();
  showBadges(world, stage, options.cards);
  drivers.release(atMs);
  await agents(scene, stage, () => drivers.unfinished(atMs));
}

/** Waits until nobody is missing and tells whom it waits for. Who gives no sign for too long is passed over, and that is told. */
async function agents(scene: Scene, stage: Stage, missing: () => readonly string[]): Promise<void> {
  const { patienceMs = PATIENCE_MS, tellEveryMs = TELL_EVERY_MS } = scene.options;
  const { drivers } = stage.server;
  const startedMs = performance.now();
  for (;;) {
    const leftMs = patienceMs - (performance.now() - startedMs);
    if (await drivers.until(missing, Math.min(tellEveryMs, leftMs))) return;
    if (stage.signal.aborted) return;
    const names = missing();
    const waitedMs = performance.now() - startedMs;
    const waitedS = Math.round(waitedMs / 1000);
    if (waitedMs < patienceMs) {
      stage.log.info({ agents: names }, `waiting for ${agentWords(names)}: ${waitedS} s`);
      continue;
    }
    drivers.passOver(names);
    scene.isWhole = false;
    stage.log.warn(
      { agents: names },
      `going on without ${agentWords(names)}, not heard of for ${waitedS} s; the next start plays again what is missing`,
    );
  }
}

function agentWords(names: readonly string[]): string {
  return `the ${names.length === 1 ? 'agent' : 'agents'} ${names.map((name) => `"${name}"`).join(' and ')}`;
}

function showBadges(world: World, stage: Stage, cards: ConductorOptions['cards']): void {
  for (const maker of world.plan.badgesAt(world.nowMs())) {
    const uid = cards[maker];
    if (uid !== undefined) stage.wires.showBadge(uid);
  }
}

async function runLive(scene: Scene, stage: Stage, live: LiveTime): Promise<void> {
  const { world, time } = scene;
  let savedAt = performance.now();
  let toldAt = Number.NEGATIVE_INFINITY;
  let toldSpeed = live.speed();
  while (!stage.signal.aborted) {
    if (live.speed() === 1 && live.nowMs() - world.nowMs() > BEHIND_MAX_MS) return;
    catchUp(scene, stage, live);
    const realMs = performance.now();
    if (realMs - toldAt >= BROADCAST_EVERY_MS || live.speed() !== toldSpeed) {
      stage.server.broadcast(time());
      toldAt = realMs;
      toldSpeed = live.speed();
    }
    if (realMs - savedAt >= LIVE_SAVE_EVERY_MS) {
      stage.save();
      savedAt = realMs;
    }
    await new Promise((resolve) => setTimeout(resolve, LIVE_STEP_MS));
  }
}

/** Steps through everything that is due until now, so that badges and telegrams come at their own time. */
function catchUp({ world, options }: Scene, stage: Stage, live: LiveTime): void {
  const nowMs = live.nowMs();
  const telegramMs = telegramEveryMs(live.speed());
  while (world.nowMs() < nowMs) {
    const dueTelegramMs = (Math.floor(world.nowMs() / telegramMs) + 1) * telegramMs;
    const eventMs = world.plan.nextEventMs(world.nowMs()) ?? Number.POSITIVE_INFINITY;
    const nextMs = Math.min(dueTelegramMs, eventMs, nowMs);
    world.advanceTo(nextMs);
    // Behind by many telegrams (a busy machine): only the newest is sent, as a serial line would have dropped them.
    if (nextMs === dueTelegramMs && nowMs - nextMs < telegramMs) stage.wires.pushTelegram();
    if (nextMs === eventMs) showBadges(world, stage, options.cards);
  }
}

/** Each second of the meter's time; when time runs fast, not more often than ten times a real second. */
function telegramEveryMs(speed: number): number {
  const stepsMs = [1000, 5000, 10_000, 30_000, 60_000, 300_000, 900_000];
  return stepsMs.find((stepMs) => stepMs / speed >= 100) ?? 900_000;
}
