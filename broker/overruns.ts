/** What an edge uses up of the store beyond its share: told to people at once, and cut when it goes on. */
import type { Overrun } from '@commonworks/telemetry/edge-budgets.ts';
import type { Misdeed } from './access/misuse.ts';

const WORDS: Readonly<Record<Overrun['budget'], string>> = {
  series: 'it has more devices and points than one edge may have: readings of the rest stand in the log only',
  words: 'it has more different states than one edge may have: the rest stand in the log only',
  'dead-letters': 'more of its records cannot be taken than are kept as evidence: the oldest went',
  quarantine: 'its quarantine is full: its packs are not taken until somebody looks at them',
  epochs: 'its outbox has begun anew more often than an outbox is lost: its packs are put into quarantine',
};

export type OverrunPorts = {
  readonly misdeed: (misdeed: Misdeed) => void;
  readonly spend: (edge: string, name: 'overrun', amount: number) => boolean;
};

export function tellOverruns(overruns: readonly Overrun[], { misdeed, spend }: OverrunPorts): void {
  for (const { edge, budget, count } of overruns) {
    misdeed({
      user: edge,
      code: budget === 'quarantine' ? 'broker.quarantine-full' : 'broker.budget-exceeded',
      reason: WORDS[budget],
    });
    spend(edge, 'overrun', count);
  }
}
