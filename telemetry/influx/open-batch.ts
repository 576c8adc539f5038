/** One batch on its way into one database: every point is tried until it is written or proven to be refused. */
import type { InfluxPoint } from './points.ts';
import type { Refusal } from './refusal.ts';
import { isExplained, readRefusal } from './refusal.ts';
import type { Conflict, Points } from './split-refused.ts';
import { conflictOf, halve, isTouched, isWhollyRefused, layersOf, splitRefused } from './split-refused.ts';
import type { Wait, WriteOutcome, WritePoints } from './write-outcome.ts';

/** Points that a database refused, each for itself, with its words. */
export type RefusedPoints = { readonly points: Points; readonly reason: string };

export type BatchResult =
  /** All points of the batch: each is either written or refused. */
  | { readonly kind: 'done'; readonly written: number; readonly refused: readonly RefusedPoints[] }
  /** `advance` goes on where it stopped; `hasProgress` when requests succeeded since it was called. */
  | (Wait & { readonly hasProgress: boolean });

/** Fields whose type a database refused of late, so that they travel apart from the others; they are still tried. */
export type Suspects = Map<string, Conflict>;

export type OpenBatchOptions = {
  readonly pointsMax: number;
  /** Kept from batch to batch of one target. */
  readonly suspects?: Suspects;
  /** Writes a harmless point, to tell a wrong setting from wrong points; without it every refusal is the points' fault. */
  readonly probe?: () => Promise<WriteOutcome>;
};

export class OpenBatch {
  readonly #options: OpenBatchOptions;
  readonly #suspects: Suspects;
  readonly #points: Points;
  /** Requests to come, the next one last. */
  #slices: Points[] = [];
  #refused: RefusedPoints[] = [];
  #written = 0;
  /** The database took something of this batch, or said what is wrong with a point. */
  #isTrusted = false;
  /** Refusals without a ground came after the last sign that the database takes anything. */
  #isInDoubt = false;

  constructor(points: Points, options: OpenBatchOptions) {
    this.#options = options;
    this.#suspects = options.suspects ?? new Map();
    this.#points = points;
    this.#begin();
  }

  #begin(): void {
    const suspects = [...this.#suspects.values()];
    const parts = layersOf(this.#points).flatMap((layer) => partsApart(layer, suspects));
    this.#slices = parts.flatMap((part) => chunks(part, this.#options.pointsMax)).reverse();
    this.#refused = [];
    this.#written = 0;
    this.#isTrusted = false;
    this.#isInDoubt = false;
  }

  /**
   * Ends: each request settles its points or parts them in two, so n points take at most 2n - 1 of them, and a harmless
   * point at the beginning and the end. How few they mostly are stands in docs/influxdb.md.
   */
  async advance(write: WritePoints): Promise<BatchResult> {
    let hasProgress = false;
    while (this.#slices.length > 0 || this.#isInDoubt) {
      const slice = this.#slices.at(-1);
      const wait = slice === undefined ? await this.#confirm() : await this.#send(slice, write);
      if (wait !== null) return { ...wait, hasProgress };
      hasProgress = true;
    }
    return { kind: 'done', written: this.#written, refused: this.#refused };
  }

  /** A database that takes nothing any more has refused nothing in particular: the whole batch again, then. */
  async #confirm(): Promise<Wait | null> {
    const wait = await this.#probe();
    if (wait?.code === 'telemetry.influx-refuses-all') this.#begin();
    return wait;
  }

  async #send(slice: Points, write: WritePoints): Promise<Wait | null> {
    const outcome = await write(slice);
    if (outcome.kind === 'wait') return outcome;
    if (outcome.kind === 'written') {
      this.#slices.pop();
      this.#written += slice.length;
      this.#trust();
      this.#forgive(slice);
      return null;
    }
    const refusal = outcome.kind === 'rejected' ? outcome.refusal : readRefusal(outcome.message);
    if (outcome.kind === 'too-large' && slice.length > 1) {
      this.#put(halve(slice));
      return null;
    }
    return await this.#part(slice, refusal);
  }

  async #part(slice: Points, refusal: Refusal): Promise<Wait | null> {
    if (isExplained(refusal)) this.#trust();
    if (!this.#isTrusted) {
      const failed = await this.#probe();
      if (failed !== null) return failed;
    }
    const conflict = conflictOf(slice, refusal);
    if (conflict !== null && slice.some((point) => isTouched(point, conflict))) {
      this.#suspects.set(`${conflict.measurement} ${conflict.field}`, conflict);
    }
    if (isWhollyRefused(slice, refusal)) this.#refuse(slice, refusal);
    else this.#put(splitRefused(slice, refusal));
    return null;
  }

  #put([first, second]: readonly [Points, Points]): void {
    this.#slices.pop();
    this.#slices.push(second, first);
  }

  #refuse(slice: Points, refusal: Refusal): void {
    this.#slices.pop();
    if (!isExplained(refusal)) this.#isInDoubt = true;
    const reasons = new Map(refusal.lines.map(({ at, reason }) => [at, reason]));
    const groups = Map.groupBy(slice.keys(), (at) => reasons.get(at) ?? refusal.reason);
    for (const [reason, places] of groups) {
      const points = places.map((at) => slice[at]).filter((point) => point !== undefined);
      this.#refused.push({ points, reason });
    }
  }

  #trust(): void {
    this.#isTrusted = true;
    this.#isInDoubt = false;
  }

  /** Null when the database takes a harmless point, or refuses it for what is in the point. */
  async #probe(): Promise<Wait | null> {
    const outcome = (await this.#options.probe?.()) ?? { kind: 'written' };
    if (outcome.kind === 'wait') return outcome;
    if (outcome.kind === 'written' || (outcome.kind === 'rejected' && isExplained(outcome.refusal))) {
      this.#trust();
      return null;
    }
    const message = outcome.kind === 'rejected' ? outcome.refusal.reason : outcome.message;
    return { kind: 'wait', code: 'telemetry.influx-refuses-all', message, retryAfterMs: null };
  }

  #forgive(slice: Points): void {
    for (const [key, conflict] of this.#suspects) {
      if (slice.some((point) => isTouched(point, conflict))) this.#suspects.delete(key);
    }
  }
}

/** Points without a suspect field first, then those of each suspect field by themselves. */
function partsApart(points: Points, suspects: readonly Conflict[]): Points[] {
  const groups = Map.groupBy(points, (point: InfluxPoint) => suspects.find((conflict) => isTouched(point, conflict)));
  const good = groups.get(undefined);
  groups.delete(undefined);
  return [...(good === undefined ? [] : [good]), ...groups.values()];
}

function chunks(points: Points, size: number): Points[] {
  const parts: Points[] = [];
  for (let from = 0; from < points.length; from += size) parts.push(points.slice(from, from + size));
  return parts;
}
