/** Reads the sources of one line that are due, one after the other, and hands over what they showed. */
import type { EventRecord, LiveValues, Sample } from '@commonworks/core';
import { createDeviceHealth, type DeviceHealth } from './device-health.ts';
import { createIdentityWatch, type IdentityWatch } from './identity-watch.ts';
import { hasEnergy, type Line, type ReadMode, type Source } from './source.ts';

export type LineOutput = {
  readonly samples: readonly Sample[];
  readonly events: readonly EventRecord[];
  readonly live: LiveValues | null;
};

export type LineReader = {
  /** Null while the last round is still under way: a slow wire skips instants, it never queues them. */
  readonly round: (tickMs: number, mode: ReadMode) => Promise<void> | null;
};

export type LineReaderOptions = {
  readonly now: () => number;
  readonly onOutput: (output: LineOutput) => void;
};

export function createLineReader(line: Line, options: LineReaderOptions): LineReader {
  const monotonicMs = () => performance.now();
  const health = new Map(
    line.sources.map((source) => {
      const watches = {
        health: createDeviceHealth(source.device, source.kept),
        identity: createIdentityWatch(monotonicMs),
      };
      return [source, watches] as const;
    }),
  );
  let isBusy = false;
  const run = async (due: readonly Source[], tickMs: number, mode: ReadMode) => {
    try {
      for (const source of due) {
        const known = health.get(source);
        if (known !== undefined) options.onOutput(await readSource(source, known, { tickMs, mode, now: options.now }));
      }
    } finally {
      isBusy = false;
    }
  };
  return {
    round: (tickMs, mode) => {
      if (isBusy) return null;
      const due = line.sources.filter((source) => mode.isReplaying || tickMs % source.periodMs === 0);
      if (due.length === 0) return Promise.resolve();
      isBusy = true;
      return run(due, tickMs, mode);
    },
  };
}

type ReadContext = { readonly tickMs: number; readonly mode: ReadMode; readonly now: () => number };

type Watches = { readonly health: DeviceHealth; readonly identity: IdentityWatch };

async function readSource(source: Source, { health, identity }: Watches, context: ReadContext): Promise<LineOutput> {
  const { device } = source;
  const record = (body: Record<string, unknown> | null, timeMs: number): EventRecord[] =>
    body === null ? [] : [{ device, type: 'device', timeMs, body }];
  try {
    const snapshot = await source.read(context.tickMs, context.mode);
    const timeMs = snapshot.timeMs ?? sampleTime(source, context);
    const samples: Sample[] = [];
    const values: LiveValues['values'] = {};
    for (const [point, reading] of snapshot.readings) {
      values[point] = reading;
      if (source.kept.has(point)) samples.push({ device, point, timeMs, ...reading });
    }
    const isBack = health.state() !== 'online';
    const isThere = !source.needsEnergy || hasEnergy(snapshot);
    const events = record(health.succeed({ isThere, came: snapshot.came ?? '' }), timeMs);
    if (identity.isDue(isBack)) events.push(...(await identify(source, identity, timeMs)));
    return { samples, events, live: { device, timeMs, values } };
  } catch (error) {
    const { event, missing } = health.fail(error, context.tickMs);
    return { samples: missing, events: record(event, context.tickMs), live: null };
  }
}

/** Never more than a question: a device that does not answer it is read all the same. */
async function identify(source: Source, watch: IdentityWatch, timeMs: number): Promise<EventRecord[]> {
  try {
    const body = watch.take(await source.identify(), timeMs);
    return body === null ? [] : [{ device: source.device, type: 'identity', timeMs, body: { ...body } }];
  } catch {
    watch.fail();
    return [];
  }
}

/** The tick names the round; a reading that came later than a whole period says when it truly was. */
function sampleTime(source: Source, { tickMs, now }: ReadContext): number {
  const nowMs = now();
  return nowMs - tickMs < source.periodMs ? tickMs : nowMs;
}
