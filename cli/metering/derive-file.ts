/** A file of readings through the counter engine: all at once, or row by row as a server gets them. */
import { whFromMwh } from '@commonworks/core';
import {
  type BookedRegister,
  createRegisterBook,
  type DeriveRules,
  type IntervalEnergy,
  type Judgement,
  type RegisterBook,
} from '@commonworks/core/metering/index.ts';
import { createPowerBook } from './power-book.ts';
import type { RegisterRow, RegisterRows } from './read-register-rows.ts';

export type DeriveOptions = {
  readonly rules: DeriveRules;
  readonly modulusMwh: number | null;
  readonly isArrival: boolean;
};

/** Everything in Wh; null is not known. `start` is written as the file writes time. */
export type DerivedFile = {
  readonly intervals: readonly {
    readonly start: string | number;
    readonly wh: number | null;
    readonly quality: string;
    /** How it was estimated; null when it was read at both edges, or is not known. */
    readonly method: string | null;
    /** What the register did in it that was not a plain rise. */
    readonly judgement: string | null;
  }[];
  readonly account: {
    readonly start_wh: number | null;
    readonly end_wh: number | null;
    readonly booked_wh: number;
    readonly unplaced_wh: number;
  };
};

/** `unknownSteps`: an exchange or a jump, across which nobody knows what flowed. */
export type DerivedRegister = { readonly answer: DerivedFile; readonly unknownSteps: number };

export async function deriveFile({ rows, timeForm }: RegisterRows, options: DeriveOptions): Promise<DerivedRegister> {
  const { rules } = options;
  const book = createRegisterBook(rules);
  const power = createPowerBook(rows, rules.lengthMs);
  const samples = samplesOf(rows, options.modulusMwh);
  if (options.isArrival) {
    for (const [i, row] of rows.entries()) await book.add(samples.slice(i, i + 1), power.add([row]));
  } else await book.add(samples, power.add(rows));
  const booked = await book.read();
  const judged = judgementsBy(booked, rules.lengthMs);
  const startOf = ({ startMs }: IntervalEnergy) =>
    timeForm === 'seconds' ? startMs / 1000 : new Date(startMs).toISOString().replace('.000Z', 'Z');
  const answer: DerivedFile = {
    intervals: booked.intervals.map((interval) => ({
      start: startOf(interval),
      wh: interval.energyMwh === null ? null : whFromMwh(interval.energyMwh),
      quality: interval.quality,
      method: interval.method,
      judgement: judged(interval),
    })),
    account: {
      start_wh: booked.account === null ? null : whFromMwh(booked.account.startMwh),
      end_wh: booked.account === null ? null : whFromMwh(booked.account.endMwh),
      booked_wh: whFromMwh(booked.account?.bookedMwh ?? 0),
      unplaced_wh: whFromMwh(booked.account?.unplacedMwh ?? 0),
    },
  };
  return { answer, unknownSteps: booked.account?.unknownSteps ?? 0 };
}

type Samples = Parameters<RegisterBook['add']>[0];

/** A serial holds until another is said; before the first one it was the same meter. */
function samplesOf(rows: readonly RegisterRow[], modulusMwh: number | null): Samples {
  const said = rows.filter(({ serial }) => serial !== null).sort((a, b) => a.timeMs - b.timeMs);
  const serialAt = (timeMs: number) => (said.findLast((row) => row.timeMs <= timeMs) ?? said[0])?.serial ?? undefined;
  const isOne = new Set(said.map(({ serial }) => serial)).size <= 1;
  return rows.map(({ timeMs, registerMwh }) => {
    const meter = isOne ? undefined : serialAt(timeMs);
    return {
      ...{ timeMs, mwh: registerMwh, quality: registerMwh === null ? 'missing' : 'good' },
      ...(meter !== undefined && { meter }),
      ...(modulusMwh !== null && { modulusMwh }),
    };
  });
}

/** The gravest first: an interval with several says that one. */
const GRAVEST: readonly Judgement['kind'][] = ['swap', 'frozen', 'reset', 'rollover', 'glitch', 'slow', 'dip'];

/** A step belongs to the interval it ends in, or with. */
function judgementsBy(
  { judgements }: BookedRegister,
  lengthMs: number,
): (interval: IntervalEnergy) => Judgement['kind'] | null {
  const byStart = Map.groupBy(judgements, ({ timeMs }) => Math.ceil(timeMs / lengthMs) * lengthMs - lengthMs);
  return ({ startMs, quality }) => {
    const kinds = (byStart.get(startMs) ?? []).map(({ kind }) => kind);
    const gravest = GRAVEST.find((kind) => kinds.includes(kind)) ?? null;
    return gravest ?? (quality === 'implausible' ? 'frozen' : null);
  };
}
