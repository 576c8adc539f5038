/** Gathers readings and events into packs: kept within a second, events and interval boundaries at once. */
import { type EventRecord, PACK_LIMITS, type Sample } from '@commonworks/core';
import type { PackDraft } from '../outbox/outbox.ts';

export type CollectorOptions = {
  /** Keeps the packs durably, or rejects having kept none of them. */
  readonly keep: (drafts: readonly PackDraft[]) => Promise<unknown>;
  /** Told when keeping begins to fail and when it works again. */
  readonly onFault: (error: Error | null) => void;
};

export type Collector = {
  readonly add: (samples: readonly Sample[], events?: readonly EventRecord[]) => void;
  /** Everything added so far is on disk when this resolves; false when it could not be written and still waits. */
  readonly commit: () => Promise<boolean>;
  readonly close: () => Promise<void>;
};

/** Longest wait of a sample in memory: what a power cut may cost, energy excepted (counters are cumulative). */
const GROUP_MS = 1000;
/** While the disk is full readings wait here; beyond it the oldest go. Two hours of twenty devices at 10 s. */
const WAITING_MAX = 50_000;
const RETRY_MS = 5000;

export function createCollector(options: CollectorOptions): Collector {
  let samples: Sample[] = [];
  let events: EventRecord[] = [];
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<boolean> = Promise.resolve(true);
  let hasFault = false;
  const lastTime = new Map<string, number>();

  const schedule = (delayMs: number) => {
    timer ??= setTimeout(() => {
      timer = null;
      void commit();
    }, delayMs);
  };
  const write = async (): Promise<boolean> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (samples.length + events.length === 0) return true;
    const taken = { samples, events };
    samples = [];
    events = [];
    try {
      await options.keep(toDrafts(taken.samples, taken.events));
      if (hasFault) options.onFault(null);
      hasFault = false;
      return true;
    } catch (error) {
      samples = [...taken.samples, ...samples].slice(-WAITING_MAX);
      events = [...taken.events, ...events].slice(-WAITING_MAX);
      if (!hasFault) options.onFault(error instanceof Error ? error : new Error(String(error)));
      hasFault = true;
      schedule(RETRY_MS);
      return false;
    }
  };
  const commit = (): Promise<boolean> => {
    running = running.then(write);
    return running;
  };
  return {
    add: (more, happened = []) => {
      for (const sample of more) {
        const series = `${sample.device}/${sample.point}`;
        // One value for a series and an instant: the log keeps the first and would file the second as a fault.
        if (lastTime.get(series) === sample.timeMs) continue;
        lastTime.set(series, sample.timeMs);
        samples.push(sample);
      }
      events.push(...happened);
      if (!hasFault) schedule(GROUP_MS);
    },
    commit,
    close: async () => {
      await commit();
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Never more than a pack's limits; sizes are estimated from above. */
function toDrafts(samples: readonly Sample[], events: readonly EventRecord[]): PackDraft[] {
  const drafts: { samples: Sample[]; events: EventRecord[] }[] = [];
  let current = { samples: [] as Sample[], events: [] as EventRecord[] };
  let bytes = 0;
  let records = 0;
  const room = (size: number, count: number) => {
    const isFull = bytes + size > PACK_LIMITS.bytesMax - 1000 || records + count > PACK_LIMITS.recordsMax - 1;
    if (bytes > 0 && isFull) {
      drafts.push(current);
      current = { samples: [], events: [] };
      bytes = 0;
      records = 0;
    }
    bytes += size;
    records += count;
  };
  for (const sample of samples) {
    room(260 + (typeof sample.value === 'string' ? 6 * sample.value.length : 0), 2);
    current.samples.push(sample);
  }
  for (const event of events) {
    // Each quote of the body is escaped once more inside the pack; text may need six characters for one.
    room(200 + 6 * JSON.stringify(event.body).length, 1);
    current.events.push(event);
  }
  if (bytes > 0) drafts.push(current);
  return drafts;
}
