/** A ledger entry: postings that sum to zero in every unit, with the reason and the figures behind them. */
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { canonicalJson } from '../canonical-json.ts';

export const ENTRY_KINDS = ['energy', 'session', 'adjustment', 'payment'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** `mWh`, or a currency's minor unit written as its code: `EUR` counts cents. */
const Unit = Type.String({ pattern: '^(mWh|[A-Z]{3})$' });
/** `member/UUID`, `point/UUID`, `community` or `community/NAME`: opaque ids only, so that people can be forgotten. */
const Account = Type.String({ pattern: '^(member|point)/[0-9a-f-]{36}$|^community(/[a-z][a-z-]{0,40})?$' });

export const Posting = Type.Object(
  { account: Account, unit: Unit, amount: Type.Integer() },
  { additionalProperties: false },
);
export type Posting = Static<typeof Posting>;

const Figure = Type.Union([Type.Integer(), Type.String({ maxLength: 200 }), Type.Null()]);

export const LedgerEntry = Type.Object(
  {
    community: Type.String({ maxLength: 40 }),
    /** Made from what the entry is about, so that the same matter cannot be posted twice. */
    id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    kind: Type.Enum([...ENTRY_KINDS]),
    /** The local month whose statements show it. */
    period: Type.String({ pattern: '^\\d{4}-\\d{2}$' }),
    timeMs: Type.Integer(),
    reason: Type.String({ minLength: 1, maxLength: 200 }),
    /** The figures the postings were computed from, and ids of what they are about. */
    references: Type.Record(Type.String({ pattern: '^[a-z][A-Za-z]{0,30}$' }), Figure),
    postings: Type.Array(Posting, { minItems: 1, maxItems: 64 }),
  },
  { additionalProperties: false },
);
export type LedgerEntry = Static<typeof LedgerEntry>;

/** SHA-256 of the UTF-8 bytes of a text, lower-case hex; the caller brings it, for core has no crypto of its own. */
export type Sha256 = (text: string) => string;

/** The same parts give the same id: 128 bits of SHA-256 over their canonical text. */
export function entryId(parts: readonly (string | number)[], sha256: Sha256): string {
  return sha256(canonicalJson(parts)).slice(0, 32);
}

/** Why an entry cannot be posted, or null: its shape, whole amounts, and a zero sum in every unit. */
export function entryFault(entry: LedgerEntry): string | null {
  if (!Value.Check(LedgerEntry, entry)) {
    const [first] = Value.Errors(LedgerEntry, entry);
    return `${first?.instancePath ?? ''} ${first?.message ?? 'has the wrong shape'}`.trim();
  }
  const sums = new Map<string, bigint>();
  for (const { unit, amount } of entry.postings) {
    if (!Number.isSafeInteger(amount)) return `an amount in ${unit} is not a safe integer`;
    sums.set(unit, (sums.get(unit) ?? 0n) + BigInt(amount));
  }
  for (const [unit, sum] of sums) if (sum !== 0n) return `the postings in ${unit} sum to ${sum}, not to zero`;
  return null;
}
