/** What a finished session on a machine posts: its running time at the machine's price. */
import { sessionChargeMinor } from '../workshop/session-price.ts';
import { entryId, type LedgerEntry, type Sha256 } from './entry.ts';

export const WORKSHOP_INCOME_ACCOUNT = 'community/workshop-income';

export type SessionCharge = {
  readonly community: string;
  readonly currency: string;
  readonly session: string;
  readonly machine: string;
  readonly member: string;
  readonly runningS: number;
  /** Decimal text in minor units. */
  readonly pricePerHour: string;
  readonly endMs: number;
};

/** Null when nothing is to be paid. `period` is the month whose statement shows it. */
export function sessionEntry(charge: SessionCharge, period: string, sha256: Sha256): LedgerEntry | null {
  const amount = sessionChargeMinor(charge.runningS, charge.pricePerHour);
  if (amount === 0) return null;
  return {
    community: charge.community,
    id: entryId(['session', charge.community, charge.session], sha256),
    kind: 'session',
    period,
    timeMs: charge.endMs,
    reason: 'machine session',
    references: {
      session: charge.session,
      machine: charge.machine,
      member: charge.member,
      runningS: charge.runningS,
      pricePerHour: charge.pricePerHour,
    },
    postings: [
      { account: `member/${charge.member}`, unit: charge.currency, amount },
      { account: WORKSHOP_INCOME_ACCOUNT, unit: charge.currency, amount: -amount },
    ],
  };
}
