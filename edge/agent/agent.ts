/** The agent: reads every line on its ticks, keeps packs, publishes them, executes commands. */
import { createPublicKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenedClock } from '@commonworks/clock';
import { type EdgeStatus, type EventRecord, QUARTER_HOUR_MS, type SignedCommand } from '@commonworks/core';
import type { Logger } from 'pino';
import { createExecutor } from '../command/executor.ts';
import { verifyCommand } from '../command/verify.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { startPublisher } from '../publish/publisher.ts';
import { createCollector } from './collector.ts';
import { type Equipment, openEquipment } from './equipment.ts';
import { createLineReader, type LineOutput } from './line-reader.ts';
import { type Machine, thisMachine } from './time-trust.ts';
import { openToldTime, type ToldTime } from './told-time.ts';

export type AgentOptions = {
  readonly loaded: LoadedConfig;
  readonly outbox: Outbox;
  readonly clock: OpenedClock;
  /** Names this life of the process. */
  readonly boot: string;
  readonly version: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly resendMs?: number;
  readonly machine?: Machine;
};

/** In a replay the world waits while this many packs are not yet held by the log. */
const REPLAY_BACKLOG_MAX = 500;
const TICK_MAX_MS = 10_000;

/** Runs until the signal; everything kept until then is on disk when it resolves. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { loaded, outbox, log, signal } = options;
  const { boot: life, clock, machine = thisMachine() } = options;
  const time = openToldTime({ clock, machine, life, signal, log, outbox, onNews: (events) => tell(events) });
  const collector = createCollector({
    keep: (drafts) => outbox.call('append', drafts, time.stamp(time.now())),
    onFault: (error) => logFault(log, 'outbox', error),
  });
  const tell = (events: readonly EventRecord[]) => {
    collector.add([], events);
    publisher.publishStatus();
  };
  const report = (event: EventRecord) => {
    collector.add(...stamped(time, withSamples(event)));
    void collector.commit();
  };
  const isTimeKnown = () => time.datingMs() !== null;
  const equipment = openEquipment(loaded, { now: time.now, isTimeKnown, signal, report });
  const executor = createAgentExecutor(options, { equipment, time, report: commitEvent });
  async function commitEvent(event: EventRecord) {
    collector.add([], [{ ...event, timeMs: time.stamp(event.timeMs) }]);
    await collector.commit();
  }
  const publisher = startPublisher({
    ...connectionOf(options),
    ...time.exchange,
    status: (state) => statusOf(options, time, state),
    devices: equipment.descriptions,
    onCommand: (signed) => receiveCommand(options, executor, signed),
    onOldCopy: () => log.warn({ code: 'edge.outbox-corrupt' }, 'the outbox is an old copy: a new epoch began'),
    onLogNews: ({ code, message }) => log.warn({ code }, message),
    stamp: () => time.stamp(time.now()),
    onState: (fault) => logFault(log, 'broker', fault),
  });
  const onOutput = (output: LineOutput, isReplaying: boolean) => {
    // What fails because we are ending is no news of a device.
    if (signal.aborted) return;
    collector.add(...stamped(time, output));
    for (const event of output.events) logReach(log, event);
    if (output.live !== null && !isReplaying) publisher.publishLive(output.live);
  };
  time.onStep(publisher.measureTime);
  await executor.resume();
  await tickLoop(options, { equipment, collector, executor, time, onOutput });
  await collector.close();
  await publisher.done;
}

type LoopParts = {
  readonly equipment: Equipment;
  readonly collector: ReturnType<typeof createCollector>;
  readonly executor: ReturnType<typeof createExecutor>;
  readonly time: ToldTime;
  readonly onOutput: (output: LineOutput, isReplaying: boolean) => void;
};

async function tickLoop(options: AgentOptions, parts: LoopParts): Promise<void> {
  const { clock, outbox, signal } = options;
  const { equipment, collector, executor, time } = parts;
  let isReplaying = false;
  const readers = equipment.lines.map((line) =>
    createLineReader(line, { now: time.now, onOutput: (output) => parts.onOutput(output, isReplaying) }),
  );
  for await (const tickMs of time.ticks(tickPeriod(equipment))) {
    isReplaying = clock.status().mode === 'replaying';
    const rounds = readers.map((reader) => reader.round(tickMs, { isReplaying }) ?? Promise.resolve());
    time.tellNews();
    const controls = executor.tick();
    if (isReplaying) {
      await Promise.all([...rounds, controls]);
      await keepForReplay(collector, outbox, signal);
    } else if (tickMs % QUARTER_HOUR_MS === 0) {
      // An interval's edge is on disk at once; each line as soon as it has been read.
      for (const round of rounds) void round.then(() => collector.commit());
    }
    if (signal.aborted) return;
  }
}

/** What was read is on disk, and the log is not too far behind, before the world may move on. */
async function keepForReplay(collector: LoopParts['collector'], outbox: Outbox, signal: AbortSignal): Promise<void> {
  while (!(await collector.commit()) && !signal.aborted) await sleep(1000);
  while (outbox.backlog().packs >= REPLAY_BACKLOG_MAX && !signal.aborted) await sleep(5);
}

/** The longest period that meets every device's. */
function tickPeriod(equipment: Equipment): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  return equipment.lines
    .flatMap((line) => line.sources.map((source) => source.periodMs))
    .reduce((period, next) => gcd(period, next), TICK_MAX_MS);
}

function stamped(time: ToldTime, output: Pick<LineOutput, 'samples' | 'events'>) {
  const samples = output.samples.map((sample) => ({ ...sample, timeMs: time.stamp(sample.timeMs) }));
  const events = output.events.map((event) => ({ ...event, timeMs: time.stamp(event.timeMs) }));
  return [samples, events] as const;
}

/** A machine's change is an event with its evidence, and a value of its series. */
function withSamples(event: EventRecord): Pick<LineOutput, 'samples' | 'events'> {
  const activity = event.body['activity'];
  if (event.type !== 'machine' || typeof activity !== 'string') return { samples: [], events: [event] };
  const { device, timeMs } = event;
  return { samples: [{ device, point: 'activity', timeMs, value: activity, quality: 'good' }], events: [event] };
}

function createAgentExecutor(
  { outbox }: AgentOptions,
  parts: { equipment: Equipment; time: ToldTime; report: (event: EventRecord) => Promise<void> },
) {
  return createExecutor({
    settingOf: (device) => parts.equipment.settings.get(device) ?? null,
    memory: {
      remember: (id, body, lease) => outbox.call('rememberCommand', id, body, lease),
      setState: (id, state) => outbox.call('setCommandState', id, state),
      open: () => outbox.call('openCommands'),
    },
    time: parts.time.commands,
    report: (device, receipt) =>
      parts.report({ device, type: 'receipt', timeMs: parts.time.now(), body: { ...receipt } }),
  });
}

function receiveCommand(options: AgentOptions, executor: LoopParts['executor'], signed: SignedCommand): void {
  const { config, communityKeyPem } = options.loaded;
  const publicKey = communityKeyPem === null ? null : createPublicKey(communityKeyPem);
  const command = verifyCommand(signed, { publicKey, community: config.community, edge: config.edge });
  if (!command.ok) {
    options.log.warn({ code: command.reason }, `command refused: ${command.message}`);
    return;
  }
  const { id, device, kind } = command.value;
  options.log.info({ command: id, device, kind }, 'command received');
  executor
    .execute(command.value)
    .catch((error: unknown) => logFault(options.log, 'command', error instanceof Error ? error : null));
}

function connectionOf({ loaded, outbox, signal, resendMs }: AgentOptions) {
  const { community, edge, brokerUrl: url } = loaded.config;
  const shared = { url, community, edge, secret: loaded.secret, outbox, signal };
  return resendMs === undefined ? shared : { ...shared, resendMs };
}

function statusOf({ boot, version, outbox }: AgentOptions, time: ToldTime, state: EdgeStatus['state']): EdgeStatus {
  const status = { state, sinceMs: time.now(), boot, version, backlog: outbox.backlog().packs };
  // A will speaks when nobody can look at the clock, or at the marks, any more.
  if (state !== 'online') return status;
  const held = outbox.held();
  return { ...status, clock: time.knowledge(), ...(held === null ? {} : { held }) };
}

function logReach(log: Logger, { device, type, body }: EventRecord): void {
  const { state } = body;
  if (state === undefined) return void log.info({ device, ...body }, `device ${type}`);
  log[state === 'online' ? 'info' : 'warn']({ device, ...body }, `device ${String(state)}`);
}

function logFault(log: Logger, subject: string, error: Error | null): void {
  if (error === null) log.info({ subject }, `${subject}: works`);
  else log.warn({ subject, code: (error as { code?: unknown }).code }, `${subject}: ${error.message}`);
}
