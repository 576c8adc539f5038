/** What the server tells as it happens: the newest of everything, the community's clock, and whether it is still live. */
import type {
  Alarm,
  CommandRecord,
  Device,
  Flow,
  LiveEvent,
  LiveEventName,
  Machine,
  UnknownBadge,
} from '@commonworks/core/api/index.ts';
import { computed, type Signal, signal } from '@preact/signals';
import type { ConnectionState } from './connection.ts';

type ClockEvent = LiveEvent<'clock'>;
type Mine = LiveEvent<'mine'>;
/** `tickMs` is the reader's own monotonic clock; the community's clock is carried on from it at its speed. */
export type Monotonic = () => number;
export type LiveStore = ReturnType<typeof createLiveStore>;

/** The server says its clock every few seconds; three times that without a word and nothing is live any more. */
export const SILENCE_MS = 15_000;
const KEEP_MAX = 1_000;

export function createLiveStore(initial: ClockEvent, tickMs: Monotonic) {
  const connection = signal<ConnectionState>('connecting');
  const clock = signal({ ...initial, heardAtMs: tickMs() });
  const heardAtMs = signal(tickMs());
  const beatMs = signal(tickMs());
  /** Counts the reconnections: lists fetched before one are fetched again after it. */
  const generation = signal(0);
  const flow = signal<Flow | null>(null);
  const mine = signal<Mine | null>(null);
  const machines = signal<ReadonlyMap<string, Machine>>(new Map());
  const devices = signal<ReadonlyMap<string, Device>>(new Map());
  const commands = signal<ReadonlyMap<string, CommandRecord>>(new Map());
  const alarms = signal<ReadonlyMap<string, Alarm>>(new Map());
  const badges = signal<ReadonlyMap<string, UnknownBadge>>(new Map());

  const nowMs = () => Math.round(clock.value.nowMs + (tickMs() - clock.value.heardAtMs) * clock.value.speed);
  const isSilent = computed(() => beatMs.value - heardAtMs.value > SILENCE_MS);

  const take: { [Name in LiveEventName]: (data: LiveEvent<Name>) => void } = {
    flow: (data) => setSignal(flow, data),
    mine: (data) => setSignal(mine, data),
    clock: (data) => setSignal(clock, { ...data, heardAtMs: tickMs() }),
    machine: (data) => keep(machines, data.id, data),
    device: (data) => keep(devices, `${data.edge}/${data.device}`, data),
    command: (data) => keep(commands, data.id, data),
    alarm: (data) => keep(alarms, data.id, data),
    badge: (data) => keep(badges, data.badge, data),
  };

  return {
    ...{ connection, clock, generation, flow, mine, machines, devices, commands, alarms, badges, isSilent, nowMs },
    /** The community's time, moving: read it in a component that shows ages. */
    now: computed(() => (beatMs.value < 0 ? 0 : nowMs())),
    onEvent<Name extends LiveEventName>(name: Name, data: LiveEvent<Name>): void {
      heardAtMs.value = tickMs();
      beatMs.value = heardAtMs.value;
      take[name](data);
    },
    onState(state: ConnectionState): void {
      if (state === 'open' && connection.value === 'lost') generation.value += 1;
      connection.value = state;
    },
    /** To be called every few seconds, so that silence is noticed. */
    beat(): void {
      beatMs.value = tickMs();
    },
  };
}

function setSignal<T>(target: Signal<T>, value: T): void {
  target.value = value;
}

/** The newest state of one thing; the oldest things go when there are too many. */
function keep<T>(target: Signal<ReadonlyMap<string, T>>, id: string, value: T): void {
  const next = new Map(target.value);
  next.delete(id);
  next.set(id, value);
  for (const oldest of next.keys()) {
    if (next.size <= KEEP_MAX) break;
    next.delete(oldest);
  }
  target.value = next;
}

/** A fetched list with what was heard since laid over it; what is new comes last. */
export function overlay<T>(list: readonly T[], heard: ReadonlyMap<string, T>, idOf: (item: T) => string): T[] {
  const known = new Set(list.map(idOf));
  const added = [...heard].filter(([id]) => !known.has(id)).map(([, item]) => item);
  return [...list.map((item) => heard.get(idOf(item)) ?? item), ...added];
}
