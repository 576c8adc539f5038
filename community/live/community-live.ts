/** The live side of the community in one place: what is known now, who watches, what each of them may see. */
import type { OpenedClock } from '@commonworks/clock';
import type { Device, Flow, LiveEvent, Machine, Role } from '@commonworks/core/api/index.ts';
import { unknownBadges } from '../badges/refusals.ts';
import { findCommand } from '../control/command-store.ts';
import type { Db } from '../database.ts';
import { holdingsAt } from '../register/holdings.ts';
import { listPoints, type PointRecord } from '../register/points.ts';
import { listTariffs, tariffAt } from '../register/tariffs.ts';
import { machineView, readMachineState } from '../workshop/machine-views.ts';
import { findAlarm } from './alarms.ts';
import { flowNow, memberNow, type Weights } from './community-now.ts';
import { type DevicesAt, deviceView, deviceViews, type EdgeName } from './device-views.ts';
import { type Change, createEventHub } from './event-hub.ts';
import { createLiveValues } from './live-values.ts';
import { liveMachine } from './machine-live.ts';
import { createReachWords } from './reach-words.ts';

/** Of who watches, only this matters. */
export type Watcher = { readonly member: string | null; readonly roles: readonly Role[] };

/** The register changes by people's hands: looked at again after this long, or when told. */
const REGISTER_AGE_MAX_MS = 30_000;
/** One reading of the workshop's tables serves all viewers of a flush. */
const MACHINES_AGE_MAX_MS = 200;

type Register = { readonly points: PointRecord[]; readonly edges: EdgeName[]; readonly weights: Weights };

export type CommunityLive = ReturnType<typeof createCommunityLive>;

export function createCommunityLive(options: {
  db: Db;
  zone: string;
  clock: OpenedClock;
  onFault: (error: unknown) => void;
}) {
  const { db, clock, zone } = options;
  const values = createLiveValues({ now: clock.now, elapsed: () => (clock.elapsed ?? clock.now)() });
  const reach = createReachWords();
  const nowMs = () => Math.trunc(clock.now());
  const register = kept(REGISTER_AGE_MAX_MS, () => readRegister(db, nowMs()));
  const machineState = kept(MACHINES_AGE_MAX_MS, () => readMachineState(db, nowMs(), zone));
  const hub = createEventHub<Watcher>({
    render: (change, watcher) => render(change, watcher),
    onFault: options.onFault,
  });

  async function flow(): Promise<Flow> {
    return flowNow((await register.get()).points, values, nowMs());
  }
  async function mine(member: string): Promise<LiveEvent<'mine'>> {
    const { points, weights } = await register.get();
    return memberNow(member, { points, weights, live: values, nowMs: nowMs() });
  }
  async function devicesAt(): Promise<DevicesAt> {
    const { edges } = await register.get();
    return { nowMs: nowMs(), edges, reach: reach.of };
  }
  async function devices(): Promise<Device[]> {
    return deviceViews(values, await devicesAt());
  }
  /** All, or the one of that id. */
  async function machines(watcher: Watcher, id?: string): Promise<Machine[]> {
    const state = await machineState.get();
    const viewer = { member: watcher.member, seesNames: isStaff(watcher) };
    const wanted = state.machines.filter((machine) => id === undefined || machine.id === id);
    return wanted.map((machine) => machineView(state, machine, { viewer, live: liveMachine(values, state) }));
  }

  async function render({ name, id }: Change, watcher: Watcher): Promise<unknown> {
    switch (name) {
      case 'flow':
        return await flow();
      case 'mine':
        return watcher.member === null ? null : await mine(watcher.member);
      case 'clock':
        return clock.status();
      case 'machine':
        return (await machines(watcher, id))[0] ?? null;
      case 'device':
        return isStaff(watcher) ? deviceView(values, id, await devicesAt()) : null;
      case 'command':
        return isStaff(watcher) ? await findCommand(db, id) : null;
      case 'alarm':
        return isStaff(watcher) ? await findAlarm(db, id) : null;
      case 'badge':
        return isStaff(watcher) ? ((await unknownBadges(db, id))[0] ?? null) : null;
      default:
        return name satisfies never;
    }
  }

  return {
    values,
    hub,
    flow,
    mine,
    devices,
    machines: (watcher: Watcher) => machines(watcher),
    edges: async () => (await register.get()).edges,
    machineState: machineState.get,
    /** The last word of the log on a device. */
    setReach: reach.set,
    /** Somebody changed the register, or a machine's state: what was kept is old. */
    forget(): void {
      register.forget();
      machineState.forget();
    },
  };
}

/** Operators and admins see devices, commands, alarms, and who booked. */
export function isStaff({ roles }: Pick<Watcher, 'roles'>): boolean {
  return roles.includes('operator') || roles.includes('admin');
}

async function readRegister(db: Db, nowMs: number): Promise<Register> {
  const tariff = tariffAt(await listTariffs(db), nowMs);
  return {
    points: await listPoints(db),
    edges: await db.selectFrom('edge').select(['id', 'name']).where('enabled', '=', 1).execute(),
    weights: tariff?.method === 'fixed' ? await holdingsAt(db, nowMs) : null,
  };
}

/** One reading for everybody within its age; concurrent callers share it. Real time: it is about load, not about data. */
function kept<T>(ageMaxMs: number, read: () => Promise<T>): { get: () => Promise<T>; forget: () => void } {
  let readAt = Number.NEGATIVE_INFINITY;
  let value: Promise<T> | undefined;
  return {
    get() {
      if (value === undefined || performance.now() - readAt > ageMaxMs) {
        readAt = performance.now();
        value = read();
        value.catch(() => {
          value = undefined;
        });
      }
      return value;
    },
    forget() {
      value = undefined;
    },
  };
}
