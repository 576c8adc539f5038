/** Collects what is wrong with the rows of a file, so that all of it is told at once. */
import { CodedError, type ErrorCode } from '@commonworks/core';

/** Told one by one up to here, counted beyond. */
const LISTED_MAX = 20;

/** Further rows are not read once this many are wrong: it is another kind of file. */
const FAULTS_MAX = 100_000;

export type RowFaults = {
  /** Notes a fault; `line` as an editor counts lines, null for one of the whole file. */
  add(line: number | null, what: string): void;
  readonly count: number;
  isFull(): boolean;
  /** @throws CodedError with every fault up to a limit, when there is any. */
  throwIfAny(code: ErrorCode, file: string): void;
};

export function createRowFaults(): RowFaults {
  const listed: string[] = [];
  let count = 0;
  return {
    add(line, what) {
      count += 1;
      if (listed.length < LISTED_MAX) listed.push(line === null ? what : `line ${line}: ${what}`);
    },
    get count() {
      return count;
    },
    isFull: () => count >= FAULTS_MAX,
    throwIfAny(code, file) {
      if (count === 0) return;
      const more = count > listed.length ? [`... and ${count - listed.length} more`] : [];
      const message = [`${file}: ${count} fault${count === 1 ? '' : 's'}`, ...listed, ...more].join('\n  ');
      throw new CodedError(code, message, { detail: { count, faults: listed } });
    },
  };
}
