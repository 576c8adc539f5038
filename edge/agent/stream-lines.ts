/** Devices that talk by themselves on a stream of their own: P1 meters, machine controllers, badge readers. */
import { type Clock, type EventRecord, isCoded } from '@commonworks/core';
import { badgeHash, createGrblWatch, createUidReader, keepOpen } from '@commonworks/firmware-bridge';
import { PERIOD_MS } from '../config/load.ts';
import type { MachineConfig, P1Config, ReaderConfig } from '../config/schema.ts';
import { createP1Meter } from '../p1/p1-meter.ts';
import { loadProfile } from '../profile/load.ts';
import type { P1Profile } from '../profile/schema.ts';
import { keptPoints, type Line, needsEnergy, profilePoints, type ReadMode, type Snapshot } from './source.ts';

export type StreamContext = {
  readonly now: Clock;
  /** False while `now` follows a clock that nobody vouches for. */
  readonly isTimeKnown: () => boolean;
  readonly signal: AbortSignal;
  /** Something happened that must be kept at once. */
  readonly report: (event: EventRecord) => void;
};

/** In a replay the telegram of the instant is on its way already; live it comes within the meter's own rhythm. */
const REPLAY_WAIT_MS = 2000;
/** DSMR 4 meters and older send every ten seconds. */
const TELEGRAM_PERIOD_MS = 10_000;

export function createP1Line(config: P1Config, context: StreamContext): Line {
  const profile = loadProfile(config.profile ?? 'dsmr-p1');
  if (profile.kind !== 'p1') throw new TypeError('this line needs a P1 profile');
  const periodMs = config.periodMs ?? PERIOD_MS;
  const meter = createP1Meter({ profile, zone: config.zone ?? 'Europe/Amsterdam', ...context });
  let fault: Error | null = null;
  void keepOpen(config.link, {
    signal: context.signal,
    onOpen: (stream) => {
      fault = null;
      meter.attach(stream);
    },
    onDown: (error) => {
      fault = error;
    },
  });
  const expected = expectedCodes(profile);
  const read = async (tickMs: number, mode: ReadMode): Promise<Snapshot> => {
    const waitMs = mode.isReplaying ? REPLAY_WAIT_MS : Math.min(periodMs, TELEGRAM_PERIOD_MS) * 0.9;
    try {
      const { seen, ...shown } = await meter.read(tickMs, { waitMs: fault === null ? waitMs : 0, ageMaxMs: periodMs });
      return { ...shown, came: `seen ${seen.slice(0, SEEN_MAX).join(', ') || 'no code at all'}; expected ${expected}` };
    } catch (error) {
      throw fault ?? error;
    }
  };
  const { device, title } = config;
  const kept = keptPoints(profile);
  const points = profilePoints(profile);
  const source = { device, title, profile: profile.profile, points, commands: [], periodMs, kept };
  const identify = async () => meter.identity();
  return { name: device, sources: [{ ...source, needsEnergy: needsEnergy(profile), identify, read }] };
}

/** A telegram has some thirty codes; the reason of an event has room for these. */
const SEEN_MAX = 24;

function expectedCodes({ points }: P1Profile): string {
  const sums = [points['importedWh'], points['exportedWh']].flatMap((point) => point?.plus ?? []);
  return sums.map((codes) => codes.join(' + ')).join(', or ');
}

/** Status requests (GRBL 1.1 interface.md) are answered within milliseconds; while homing not at all. */
const GRBL_WAIT_MS = 500;
const GRBL_PERIOD_MS = 1000;
/** At most five requests a second (interface.md), also when a demo's clock runs fast. */
const GRBL_REST_MS = 200;

export function createMachineLine(config: MachineConfig, context: StreamContext): Line {
  const { device, title } = config;
  let changedMs = 0;
  const watch = createGrblWatch({
    now: context.now,
    monotonicMs: () => performance.now(),
    onChange: ({ activity, raw, timeMs, isReset }) => {
      // Two changes within one millisecond (a greeting and the first report) keep their order in the series.
      changedMs = timeMs <= changedMs && timeMs > changedMs - 100 ? changedMs + 1 : timeMs;
      const source = isReset ? 'grbl-reset' : 'grbl';
      context.report({ device, type: 'machine', timeMs: changedMs, body: { activity, raw, source } });
    },
  });
  let fault: Error | null = null;
  void keepOpen(config.link, {
    signal: context.signal,
    onOpen: (stream) => {
      fault = null;
      watch.attach(stream);
    },
    onDown: (error) => {
      fault = error;
      watch.detach(error.message, isCoded(error) && error.detail['isAbsent'] === true);
    },
  });
  let polledMs = Number.NEGATIVE_INFINITY;
  const read = async (_tickMs: number, mode: ReadMode) => {
    const isTooSoon = performance.now() - polledMs < GRBL_REST_MS && !mode.isReplaying;
    if (!isTooSoon) {
      polledMs = performance.now();
      await watch.poll(GRBL_WAIT_MS);
    }
    if (fault !== null) throw fault;
    return { timeMs: null, readings: new Map([['activity', { value: watch.activity(), quality: 'good' }] as const]) };
  };
  const identify = async () => null;
  const shared = { device, title, profile: config.firmware, commands: [], needsEnergy: false, identify, read };
  const points = ['activity'] as const;
  return { name: device, sources: [{ ...shared, points, periodMs: GRBL_PERIOD_MS, kept: new Set() }] };
}

export function startReader(config: ReaderConfig, key: Uint8Array, context: StreamContext): void {
  const { device } = config;
  const tell = (body: Record<string, unknown>) =>
    context.report({ device, type: 'device', timeMs: context.now(), body });
  let isDown = false;
  void keepOpen(config.link, {
    signal: context.signal,
    onOpen: (stream) => {
      const read = createUidReader(config.protocol);
      isDown = false;
      tell({ state: 'online', code: '', reason: '' });
      stream.on('data', (chunk: Uint8Array) => {
        for (const uid of read(chunk)) {
          const body = { badge: badgeHash(uid, key), reader: device };
          context.report({ device, type: 'badge', timeMs: context.now(), body });
        }
      });
    },
    onDown: (error) => {
      if (!isDown) tell({ state: 'unreachable', code: isCoded(error) ? error.code : '', reason: error.message });
      isDown = true;
    },
  });
}
