/** English words about clocks: the hub's time and what it rests on, agents' clocks, confirming the time. */
import { counted, plural } from './counted.ts';

export const enClocks = {
  title: 'Clocks',
  known: 'The time is known',
  unknown: 'Nobody vouches for the time',
  unknownHelp:
    'This hub has no time service that answers, and nobody has confirmed its time since it was started. Readings are kept and dated later; no month is closed and no session charged meanwhile.',
  hubSays: 'The hub says it is',
  restsOn: 'It goes by',
  mayBeOff: 'It may be off by at most',
  lastHeard: 'Last heard or confirmed',
  goodUntil: 'Good until',
  sources: {
    system: 'its time service',
    host: 'its host (site.yaml says so)',
    confirmed: 'what a person confirmed',
    chip: 'its clock chip, whose drift was measured',
    demo: "the demo's clock",
    hub: "the hub's time, as measured",
    none: 'nothing: its clock may be wrong',
  },
  waiting: {
    boot: (edge: string, packs: number) =>
      `${counted(packs, 'pack')} of ${edge} ${plural(packs, 'waits', 'wait')} until its agent knows the time.`,
    hub: (edge: string, packs: number) =>
      `${counted(packs, 'pack')} of ${edge} ${plural(packs, 'waits', 'wait')} until the hub's time is known.`,
  },
  confirmations: 'Who confirmed the time, and when',
  confirmed: (when: string, by: string, set: string, error: string) =>
    `${when}, by ${by}: the hub was set ${set}, to within ${error}.`,
  confirm: 'Confirm the time',
  confirmHelp:
    'Without internet the hub cannot ask anybody. Look at a clock you trust; if this device shows the same, the hub goes by it from now on and says how far it may have drifted since. What waited is dated by it. It stands in the list with your name.',
  browserSays: 'This device says it is',
  confirmDo: 'This is the right time',
  confirmDone: 'The time is confirmed: what waited for it is dated now.',
  never: 'has not told of its clock yet',
  history: 'Measurements before',
  right: 'right',
  off: 'off by more than 2 s',
  notKnown: 'not known',
  measured: (offset: string, error: string, by: string) => `${offset}, to within ${error}; it goes by ${by}.`,
  unmeasured: (by: string) => `not measured against the hub; it goes by ${by}.`,
  ahead: (by: string) => `${by} ahead of the hub`,
  behind: (by: string) => `${by} behind the hub`,
  exact: 'the same as the hub',
} as const;
