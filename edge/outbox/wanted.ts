/** Ranges the log asks for again: each once, and again only when it still asks after a patience that grows. */
import type { SeqRange } from '@commonworks/core';

type Asked = SeqRange & { readonly atMs: number; readonly patienceMs: number };

export type Wanted = {
  /** What of these ranges is neither on its way nor was sent a short while ago. */
  readonly fresh: (ranges: readonly SeqRange[]) => SeqRange[];
  /** They are on their way from now on. */
  readonly take: (ranges: readonly SeqRange[], patienceMs: number) => void;
  /** The range that is sent next. */
  readonly first: () => SeqRange | null;
  /** Of the first range everything up to this number was handed out. */
  readonly passed: (seq: number) => void;
};

const PATIENCE_MAX_MS = 3_600_000;
/** Of what is remembered to have been asked for; a mark names a hundred at most. */
const ASKED_MAX = 1000;

export function createWanted(kernelMs: () => number): Wanted {
  let queue: SeqRange[] = [];
  let asked: Asked[] = [];
  const isDue = ({ atMs, patienceMs }: Asked) => kernelMs() - atMs >= patienceMs;
  return {
    fresh: (ranges) => {
      const busy = [...queue, ...asked.filter((range) => !isDue(range))];
      return ranges.flatMap((range) => without(range, busy));
    },
    take: (ranges, patienceMs) => {
      for (const range of ranges) {
        const before = asked.filter((other) => isOverlapping(other, range));
        const longest = Math.max(0, ...before.map((other) => 2 * other.patienceMs));
        const next = {
          ...range,
          atMs: kernelMs(),
          patienceMs: Math.min(Math.max(patienceMs, longest), PATIENCE_MAX_MS),
        };
        asked = [...asked.filter((other) => !before.includes(other)), next].slice(-ASKED_MAX);
        queue = [...queue, range];
      }
    },
    first: () => queue[0] ?? null,
    passed: (seq) => {
      const [first, ...rest] = queue;
      if (first === undefined) return;
      queue = seq >= first.toSeq ? rest : [{ ...first, fromSeq: seq + 1 }, ...rest];
    },
  };
}

function isOverlapping(one: SeqRange, other: SeqRange): boolean {
  return one.epoch === other.epoch && one.fromSeq <= other.toSeq && other.fromSeq <= one.toSeq;
}

function without({ epoch, fromSeq, toSeq }: SeqRange, busy: readonly SeqRange[]): SeqRange[] {
  const within = busy.filter((range) => range.epoch === epoch).sort((a, b) => a.fromSeq - b.fromSeq);
  let left: SeqRange[] = [{ epoch, fromSeq, toSeq }];
  for (const taken of within) {
    left = left.flatMap((range) =>
      isOverlapping(range, taken)
        ? [
            { ...range, toSeq: Math.min(range.toSeq, taken.fromSeq - 1) },
            { ...range, fromSeq: Math.max(range.fromSeq, taken.toSeq + 1) },
          ].filter((part) => part.fromSeq <= part.toSeq)
        : [range],
    );
  }
  return left;
}
