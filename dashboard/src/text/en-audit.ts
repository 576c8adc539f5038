/** English words about the checks of the stored data. The sentences that must hold come with core: alarms say the same. */
import { INVARIANTS, type Invariant } from '@commonworks/core/audit/invariants.ts';
import { counted } from './counted.ts';

type Things = readonly [one: string, many: string];

const THINGS: Record<Invariant, Things> = {
  'log-once': ['pack', 'packs'],
  'log-marks': ['outbox', 'outboxes'],
  'log-bytes': ['pack', 'packs'],
  series: ['pack, taken at random', 'packs, taken at random'],
  shares: ['quarter hour', 'quarter hours'],
  balance: ['entry', 'entries'],
  'posted-once': ['entry', 'entries'],
  chain: ['entry', 'entries'],
  commands: ['command', 'commands'],
  relays: ['machine', 'machines'],
  files: ['table', 'tables'],
};

export const enAudit = {
  title: 'Checks',
  intro: 'The site goes over its stored data again and again and looks whether these sentences hold.',
  claim: (invariant: Invariant) => INVARIANTS[invariant].claim,
  toDo: (invariant: Invariant) => INVARIANTS[invariant].toDo,
  right: 'Right',
  wrong: 'Not right',
  pending: 'Not looked at yet',
  allRight: (count: number) => `All ${counted(count, 'check')} found the stored data right.`,
  someWrong: (count: number) => `${counted(count, 'check')} found something that is not right.`,
  stillLooking: 'Some checks have not been through once yet. So far nothing is wrong.',
  brokerUnknown: 'The broker has not told yet what its own checks of the log found.',
  looked: (invariant: Invariant, count: string, isOne: boolean, ago: string) =>
    `${count} ${THINGS[invariant][isOne ? 0 : 1]}, last looked at ${ago}.`,
  more: (count: number) => `And ${count} more.`,
  noMonth: 'Until it is right again, the months concerned are not closed. Readings are taken as ever.',
  all: 'What is checked',
} as const;
