/** A machine's state in one colour, one icon and one word. */
import type { Machine } from '@commonworks/core/api/index.ts';
import { text } from '../text/text.ts';
import type { Hue } from '../ui/badge.tsx';
import type { IconName } from '../ui/icons.tsx';

export type MachineState = 'free' | 'busy' | 'running' | 'hold' | 'alarm' | 'unknown';
export type MachineLook = { readonly hue: Hue; readonly icon: IconName; readonly word: string };

const LOOKS: Record<MachineState, Omit<MachineLook, 'word'>> = {
  free: { hue: 'battery', icon: 'check' },
  busy: { hue: 'homes', icon: 'lock' },
  running: { hue: 'workshop', icon: 'play' },
  hold: { hue: 'sun', icon: 'pause' },
  alarm: { hue: 'alarm', icon: 'alarm' },
  unknown: { hue: 'neutral', icon: 'question' },
};

/** What matters most is said first: not knowing, then danger, then work, then who has it. */
export function machineState(machine: Pick<Machine, 'activity' | 'isStale' | 'occupancy'>): MachineState {
  const { activity, isStale, occupancy } = machine;
  if (isStale || activity === 'unknown') return 'unknown';
  if (activity === 'alarm' || activity === 'running' || activity === 'hold') return activity;
  return occupancy === 'free' ? 'free' : 'busy';
}

export function lookOf(state: MachineState): MachineLook {
  return { ...LOOKS[state], word: text.machines.state[state] };
}

/** Not "none is free" while one waits for who asks, nor of machines that nobody has heard of. */
export function machinesAnswer(machines: readonly Machine[]): { readonly sentence: string; readonly mark?: string } {
  const words = text.machines;
  const count = (state: MachineState) => machines.filter((machine) => machineState(machine) === state).length;
  const [free, unknown, all] = [count('free'), count('unknown'), machines.length];
  if (free > 0) return { sentence: words.answer(free, all), mark: words.answerMark(free, all) };
  if (unknown === all) return { sentence: words.answerUnknown };
  const mine = machines.filter((machine) => machine.mayStart.ok && machine.mySession === null);
  if (mine.length > 0) return { sentence: words.answerMine(mine.map(({ name }) => name)) };
  return { sentence: unknown === 0 ? words.answerNone : words.answerNoneHeard(unknown) };
}
