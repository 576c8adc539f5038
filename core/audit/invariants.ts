/** What must always be true of a site, each as a sentence people understand, with what to do when it is not. */
import { type Static, Type } from 'typebox';
import { Nullable } from '../schema.ts';

type Words = {
  /** What holds, as long as all is well. */
  readonly claim: string;
  /** The first step of whoever reads that it does not. */
  readonly toDo: string;
};

const VERIFY =
  'Run `npx commonworks verify --site SITE`, with --head from an earlier statement, and compare with a backup.';

export const INVARIANTS = {
  'log-once': {
    claim: 'Every acknowledged pack is in the log once',
    toDo: 'Keep the agent of that edge and its outbox as they are: it may still hold the packs.',
  },
  'log-marks': {
    claim: 'Each edge was told exactly what the log holds without a gap',
    toDo: 'Restart the broker, which works the marks out again, and look at the next round.',
  },
  'log-bytes': {
    claim: 'Every pack in the log has the bytes that came',
    toDo: 'Check the disk. The pack may still be in a backup, or in the outbox of its edge.',
  },
  series: {
    claim: 'Charts show what the log says',
    toDo: 'The log is the truth and bills do not read the charts: check the disk, and report it with the message.',
  },
  shares: {
    claim: 'In every quarter hour, what was measured is what was shared',
    toDo: 'Do not close the month. Compare with a backup; somebody or something wrote into the database.',
  },
  balance: {
    claim: 'Debits and credits are equal, in every entry and in the whole ledger',
    toDo: VERIFY,
  },
  'posted-once': { claim: 'Nothing is in the ledger twice', toDo: VERIFY },
  chain: { claim: 'No entry of the ledger was changed, cut out or slipped in', toDo: VERIFY },
  commands: {
    claim: 'No command was carried out too late, or twice',
    toDo: 'See to the device, and to the clock of its agent: the operator page shows both.',
  },
  relays: {
    claim: 'No machine has power without a session, a lease or an order',
    toDo: 'See to the machine; then send its relay off on the operator page, or badge in.',
  },
  files: {
    claim: 'The database files are sound',
    toDo: 'Make a backup to another disk now, check the disk, and restore the newest good backup.',
  },
} as const satisfies Record<string, Words>;

export type Invariant = keyof typeof INVARIANTS;
export const INVARIANT_NAMES = Object.keys(INVARIANTS) as Invariant[];

/** While one of these is broken no month is closed: of `shares` its own month, of the ledger all. */
export const KEEPS_MONTHS_OPEN: readonly Invariant[] = ['shares', 'balance', 'posted-once', 'chain'];

export const AuditFinding = Type.Object({
  /** What it is about: an entry, a quarter hour, a machine. */
  subject: Type.String(),
  message: Type.String(),
  /** The local month it concerns, YYYY-MM; null where it concerns all or none. */
  month: Nullable(Type.String()),
  sinceMs: Type.Number(),
});
export type AuditFinding = Static<typeof AuditFinding>;

/** The verdict on one invariant. */
export const InvariantAudit = Type.Object({
  invariant: Type.Enum(INVARIANT_NAMES),
  /** When something of it was last looked at; null: not yet. */
  checkedMs: Nullable(Type.Number()),
  /** Whether all of it was looked at once. */
  isWhole: Type.Boolean(),
  /** How much the last whole round looked at; before there is one, this one so far. */
  checked: Type.Integer(),
  /** Findings that are open; `findings` are the first of them. */
  count: Type.Integer(),
  findings: Type.Array(AuditFinding),
});
export type InvariantAudit = Static<typeof InvariantAudit>;

/** GET /audit. `isBrokerKnown`: false when the broker's part was never heard since the server started. */
export const AuditState = Type.Object({
  nowMs: Type.Number(),
  isBrokerKnown: Type.Boolean(),
  checks: Type.Array(InvariantAudit),
});
export type AuditState = Static<typeof AuditState>;
