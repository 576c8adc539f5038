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
import { createTimeTrust, type TimeTrust } from './time-trust.ts';

export type AgentOptions = {
  readonly loaded: LoadedConfig;
  readonly outbox: Outbox;
  readonly clock: OpenedClock;
  readonly boot: string;
  readonly version: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly resendMs?: number;
};

/** In a replay the world waits while this many packs are not yet held by the log. */
const REPLAY_BACKLOG_MAX = 500;
const TICK_MAX_MS = 10_000;

/** Runs until the signal; everything kept until then is on disk when it resolves. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { loaded, outbox, clock, log, signal } = options;
  const monotonicMs = () => performance.now();
  const trust = createTimeTrust({ now: clock.now, monotonicMs, boot: options.boot });
  const collector = createCollector({
    keep: (drafts) => outbox.call('append', drafts, clock.now()),
    onFault: (error) => logFault(log, 'outbox', error),
  });
  const report = (event: EventRecord) => {
    collector.add(...stamped(trust, withSamples(event)));
    void collector.commit();
  };
  const equipment = openEquipment(loaded, { now: clock.now, signal, report });
  const executor = createAgentExecutor(options, { equipment, trust, report: commitEvent });
  async function commitEvent(event: EventRecord) {
    collector.add([], [{ ...event, timeMs: trust.stamp(event.timeMs) }]);
    await collector.commit();
  }
  const publisher = startPublisher({
    ...connectionOf(options),
    status: (state) => statusOf(options, equipment, state),
    onCommand: (signed) => receiveCommand(options, executor, signed),
    onOldCopy: () => log.warn({ code: 'edge.outbox-corrupt' }, 'the outbox is an old copy: a new epoch began'),
    onState: (fault) => logFault(log, 'broker', fault),
  });
  const onOutput = (output: LineOutput, isReplaying: boolean) => {
    // What fails because we are ending is no news of a device.
    if (signal.aborted) return;
    collector.add(...stamped(trust, output));
    for (const event of output.events) logReach(log, event);
    if (output.live !== null && !isReplaying) publisher.publishLive(output.live);
  };
  await executor.resume();
  await tickLoop(options, { equipment, collector, executor, trust, onOutput });
  await collector.close();
  await publisher.done;
}

type LoopParts = {
  readonly equipment: Equipment;
  readonly collector: ReturnType<typeof createCollector>;
  readonly executor: ReturnType<typeof createExecutor>;
  readonly trust: TimeTrust;
  readonly onOutput: (output: LineOutput, isReplaying: boolean) => void;
};

async function tickLoop(options: AgentOptions, parts: LoopParts): Promise<void> {
  const { clock, outbox, signal } = options;
  const { equipment, collector, executor, trust } = parts;
  let isReplaying = false;
  const readers = equipment.lines.map((line) =>
    createLineReader(line, { now: clock.now, onOutput: (output) => parts.onOutput(output, isReplaying) }),
  );
  for await (const tickMs of clock.ticks(tickPeriod(equipment))) {
    isReplaying = clock.status().mode === 'replaying';
    const rounds = readers.map((reader) => reader.round(tickMs, { isReplaying }) ?? Promise.resolve());
    const clockEvent = trust.takeClockEvent();
    if (clockEvent !== null) collector.add([], [clockEvent]);
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

function stamped(trust: TimeTrust, output: Pick<LineOutput, 'samples' | 'events'>) {
  const samples = output.samples.map((sample) => ({ ...sample, timeMs: trust.stamp(sample.timeMs) }));
  const events = output.events.map((event) => ({ ...event, timeMs: trust.stamp(event.timeMs) }));
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
  { outbox, clock }: AgentOptions,
  parts: { equipment: Equipment; trust: TimeTrust; report: (event: EventRecord) => Promise<void> },
) {
  return createExecutor({
    settingOf: (device) => parts.equipment.settings.get(device) ?? null,
    memory: {
      remember: (id, body) => outbox.call('rememberCommand', id, body, clock.now()),
      setState: (id, state) => outbox.call('setCommandState', id, state),
      open: () => outbox.call('openCommands'),
    },
    now: clock.now,
    isTimeTrusted: parts.trust.isTrusted,
    report: (device, receipt) => parts.report({ device, type: 'receipt', timeMs: clock.now(), body: { ...receipt } }),
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

function connectionOf({ loaded, outbox, clock, signal, resendMs }: AgentOptions) {
  const { community, edge, brokerUrl: url } = loaded.config;
  const shared = { url, community, edge, secret: loaded.secret, outbox, nowMs: clock.now, signal };
  return resendMs === undefined ? shared : { ...shared, resendMs };
}

function statusOf(options: AgentOptions, equipment: Equipment, state: EdgeStatus['state']): EdgeStatus {
  const { clock, boot, version, outbox } = options;
  return {
    state,
    sinceMs: clock.now(),
    boot,
    version,
    devices: equipment.descriptions,
    backlog: outbox.backlog().packs,
  };
}

function logReach(log: Logger, { device, body }: EventRecord): void {
  const { state } = body;
  log[state === 'online' ? 'info' : 'warn']({ device, ...body }, `device ${String(state)}`);
}

function logFault(log: Logger, subject: string, error: Error | null): void {
  if (error === null) log.info({ subject }, `${subject}: works`);
  else log.warn({ subject, code: (error as { code?: unknown }).code }, `${subject}: ${error.message}`);
}
