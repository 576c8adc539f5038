/** All checks of this server's databases, and how often each begins a round. */
import type { Check } from '@commonworks/core/audit/index.ts';
import { storeFault } from '@commonworks/store/store-fault.ts';
import { createCommandsCheck } from './check-commands.ts';
import { createFilesCheck } from './check-files.ts';
import { createFrozenCheck } from './check-frozen.ts';
import { createLedgerChecks } from './check-ledger.ts';
import { createRelaysCheck, type RelaysCheckOptions } from './check-relays.ts';
import { createSharesCheck } from './check-shares.ts';
import type { Looking } from './looking.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export type CommunityChecksOptions = Pick<RelaysCheckOptions, 'seen' | 'nowMs' | 'graceMs'> & {
  readonly zone: string;
  /** community.db and auth.db. */
  readonly files: readonly string[];
};

export function communityChecks(looking: Looking, options: CommunityChecksOptions): Check[] {
  const { zone, files } = options;
  return [
    createRelaysCheck(looking, { ...options, everyMs: MINUTE_MS }),
    createCommandsCheck(looking, HOUR_MS),
    ...createLedgerChecks(looking, { roundMs: HOUR_MS, growthMs: MINUTE_MS }),
    createSharesCheck(looking, zone, HOUR_MS),
    createFrozenCheck(looking, DAY_MS),
    createFilesCheck(files, 'quick', HOUR_MS),
    createFilesCheck(files, 'whole', DAY_MS),
  ];
}

/** Which check looks at what: for who keeps and shows the findings. */
export const COMMUNITY_CHECKS: readonly Pick<Check, 'name' | 'invariant'>[] = [
  { name: 'shares', invariant: 'shares' },
  { name: 'frozen', invariant: 'shares' },
  { name: 'balance', invariant: 'balance' },
  { name: 'posted-once', invariant: 'posted-once' },
  { name: 'chain', invariant: 'chain' },
  { name: 'chain-growth', invariant: 'chain' },
  { name: 'commands', invariant: 'commands' },
  { name: 'relays', invariant: 'relays' },
  { name: 'files-quick', invariant: 'files' },
  { name: 'files-whole', invariant: 'files' },
];

/** A file that is busy or a full disk is nobody's forgery: it is looked at again. */
export function judgeFault(error: unknown): 'later' | string {
  const fault = storeFault(error);
  return fault === 'busy' || fault === 'disk' ? 'later' : `could not be looked at: ${String(error)}`;
}
