/** The export that proves itself: one canonical JSON line after the other, so that a fault has a line number. */
import { type Static, Type } from 'typebox';
import { InputRow, PeriodHeader, ResultRow } from '../settlement/period.ts';
import { LedgerEntry } from './entry.ts';

const closed = { additionalProperties: false } as const;
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** First line: whose ledger, and its newest entry. */
export const BundleHead = Type.Object(
  {
    bundle: Type.Literal('commonworks'),
    format: Type.Literal(1),
    community: Type.String(),
    head: Type.Object({ position: Type.Integer({ minimum: 0 }), hash: Hash }, closed),
  },
  closed,
);

/** A settlement run, by month and version. Its days follow: each with its input rows, then its result rows. */
export const BundleRun = Type.Object(
  {
    run: Type.Object(
      {
        id: Type.String(),
        version: Type.Integer({ minimum: 1 }),
        period: Type.String(),
        createdMs: Type.Integer(),
        inputsHash: Hash,
        resultsHash: Hash,
        header: PeriodHeader,
      },
      closed,
    ),
  },
  closed,
);

export const BundleDay = Type.Object(
  { day: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }), inputs: Type.Integer(), results: Type.Integer() },
  closed,
);

/** All entries in order, after the runs. */
export const BundleEntry = Type.Object(
  {
    entry: Type.Object(
      { position: Type.Integer({ minimum: 1 }), previous: Hash, hash: Hash, body: LedgerEntry },
      closed,
    ),
  },
  closed,
);

/** Last line: how many lines came before, and the rolling hash over them: h = SHA-256(h LF line), from 64 zeros. */
export const BundleEnd = Type.Object({ end: Type.Object({ lines: Type.Integer(), sha256: Hash }, closed) }, closed);

export const BUNDLE_LINE = {
  head: BundleHead,
  run: BundleRun,
  day: BundleDay,
  input: InputRow,
  result: ResultRow,
  entry: BundleEntry,
  end: BundleEnd,
} as const;
export type BundleLine<Kind extends keyof typeof BUNDLE_LINE> = Static<(typeof BUNDLE_LINE)[Kind]>;

/** A line of a bundle is never longer; a run's header with 10,000 points is the longest. */
export const BUNDLE_LINE_MAX = 4_000_000;
