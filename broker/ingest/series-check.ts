/** Compares the series with the packs they were made of: every reading of a pack must stand there, with its value. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogEntry } from '@commonworks/core';
import { isCoded, MONOTONIC_LIMIT_MS } from '@commonworks/core';
import { isDamage, unlessDamaged } from '@commonworks/telemetry/log/row-check.ts';
import type { SeriesKey, SeriesPoint, SeriesSample } from '@commonworks/telemetry/port.ts';
import { WINDOW_MS, windowOf } from '@commonworks/telemetry/series/chunks.ts';
import { SeriesTables } from '@commonworks/telemetry/series/series-tables.ts';
import { type BootOffsets, decodedOrNull, replayedSamples } from './replay-packs.ts';

/** Readings compared at a time: 50 MB. */
const BATCH_READINGS = 200_000;
const FAULTS_MAX = 50;

type Expected = { readonly sample: SeriesSample; readonly entry: LogEntry };
type Group = { readonly key: SeriesKey; readonly window: number; readonly readings: Expected[] };

export class SeriesCheck {
  readonly #db: DatabaseSync;
  readonly #series: SeriesTables | null;
  readonly #waiting = new Set<number>();
  readonly #faults = new Map<string, number>();
  #groups = new Map<string, Group>();
  #count = 0;
  compared = 0;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#series = this.#open(db);
    for (const row of unlessDamaged(() => db.prepare('SELECT cursor FROM unplaced').iterate())) {
      this.#waiting.add(Number(row['cursor']));
    }
  }

  take({ entry, body }: { entry: LogEntry; body: Uint8Array }): void {
    const pack = this.#series === null ? null : decodedOrNull(body);
    // What waits is not there yet; a time since boot was placed by the offset known then, which may have been bettered since.
    if (pack === null || this.#waiting.has(entry.cursor)) return;
    const samples = pack.samples.filter(({ timeMs }) => timeMs >= MONOTONIC_LIMIT_MS);
    for (const sample of replayedSamples({ pack: { ...pack, samples }, entry, isWaiting: false }, NO_OFFSETS)) {
      this.#expect({ sample, entry });
    }
    if (this.#count >= BATCH_READINGS) this.#compare();
  }

  end(): string[] {
    this.#compare();
    const told = [...this.#faults].slice(0, FAULTS_MAX);
    return told.map(([what, count]) => (count > 1 ? `${what} (${count} readings)` : what));
  }

  #open(db: DatabaseSync): SeriesTables | null {
    try {
      return new SeriesTables(db);
    } catch (error) {
      this.#note(`the series cannot be loaded: ${String(error)}`);
      return null;
    }
  }

  #expect({ sample, entry }: Expected): void {
    const { edge, device, point, timeMs } = sample;
    const window = windowOf(timeMs);
    const name = `${edge}/${device}/${point}/${window}`;
    const group = this.#groups.get(name) ?? { key: { edge, device, point }, window, readings: [] };
    this.#groups.set(name, group);
    group.readings.push({ sample, entry });
    this.#count += 1;
  }

  #compare(): void {
    for (const group of this.#groups.values()) this.#compareGroup(group);
    this.compared += this.#count;
    this.#groups = new Map();
    this.#count = 0;
  }

  #compareGroup({ key, window, readings }: Group): void {
    const points = this.#points(key, window);
    if (points === null) return;
    const known = new Map(points.map((point) => [point.timeMs, point]));
    for (const { sample, entry } of readings) {
      const point = known.get(sample.timeMs);
      const isThere = point?.value === sample.value && point.quality === sample.quality;
      if (isThere || this.#isExplained(entry)) continue;
      const what = point === undefined ? 'readings of a pack are not in the series' : 'readings differ from their pack';
      this.#note(`${what}: ${key.device} ${key.point} of edge ${key.edge}, ${dayOf(window)}`);
    }
  }

  #points(key: SeriesKey, window: number): readonly SeriesPoint[] | null {
    try {
      return this.#series?.range(key, { fromMs: window * WINDOW_MS, toMs: (window + 1) * WINDOW_MS }) ?? null;
    } catch (error) {
      if (!isDamage(error) && !isCoded(error) && !(error instanceof Error)) throw error;
      this.#note(`readings of ${key.device} ${key.point} of edge ${key.edge}, ${dayOf(window)}, cannot be read`);
      return null;
    }
  }

  /** A second value for a time, or one series too many: it was put aside, and a dead letter says so. */
  #isExplained({ edge, epoch, seq }: LogEntry): boolean {
    const letter = this.#db.prepare('SELECT 1 FROM dead_letter WHERE edge = ? AND epoch = ? AND seq = ?');
    const oldest = Number(this.#db.prepare('SELECT min(id) AS id FROM dead_letter').get()?.['id'] ?? 1);
    return letter.get(edge, epoch, seq) !== undefined || oldest > 1;
  }

  #note(what: string): void {
    this.#faults.set(what, (this.#faults.get(what) ?? 0) + 1);
  }
}

const NO_OFFSETS: BootOffsets = new Map();

function dayOf(window: number): string {
  return new Date(window * WINDOW_MS).toISOString().slice(0, 10);
}
