/** Follows the log for the workshop: activities, registers and badges, in order of time within a pack. */
import type { Activity, BadgeEvent as BadgeBody, Clock, Pack } from '@commonworks/core';
import {
  ACTIVITIES,
  BadgeEvent,
  DeviceEvent,
  isRegisterWh,
  MachineEvent,
  mwhFromWh,
  type Sample,
} from '@commonworks/core';
import { activityFromPower } from '@commonworks/core/workshop/index.ts';
import { Value } from 'typebox/value';
import { type AlignedPack, alignPack, latestMs } from '../clocks/align.ts';
import type { Db } from '../database.ts';
import { takeAllowance } from '../edge-budgets/allowance.ts';
import type { LogListener } from '../metering/log-listener.ts';
import { badgeIn } from './badge-in.ts';
import { listMachines, type MachineRecord } from './machine-list.ts';
import { noteRegister, observe, stillAsTold } from './machine-watch.ts';
import { closeSessions, type WorkshopContext } from './sessions.ts';

/** What the server's main thread hears: a machine changed, perhaps because of a badge. */
export type MachineNotice = { readonly machine: string | null; readonly did: string; readonly atMs: number };

/** A badge started nothing; perhaps nobody has it yet. */
export type BadgeNotice = { readonly badge: string; readonly edge: string };

const MACHINES_AGE_MAX_MS = 500;

type Finding = { readonly timeMs: number } & (
  | { readonly kind: 'register'; readonly machine: MachineRecord; readonly mwh: number }
  | { readonly kind: 'power'; readonly machine: MachineRecord; readonly powerW: number | null }
  | { readonly kind: 'activity'; readonly machine: MachineRecord; readonly activity: Activity }
  | { readonly kind: 'badge'; readonly device: string; readonly body: BadgeBody }
);

/** At one instant the registers come first, so that a session begins with that instant's register; badges last. */
const ORDER = { register: 0, activity: 1, power: 1, badge: 2 } as const;

/** `now` is the community's clock: a reader's may be wrong by years. */
export function createWorkshopListener(context: WorkshopContext, now: Clock): LogListener {
  const machinesOf = keptMachines();
  return async (tx, record, notify) => {
    const all = await machinesOf(tx);
    const { edge } = record.pack;
    const { receivedMs } = record.entry;
    // A machine may have its controller at one edge and its meter at another.
    const machines = all.filter(({ activity, meter, reader }) =>
      [activity.edge, meter?.edge, reader?.edge].includes(edge),
    );
    // A reader may stand where no machine does: badges are shown there to be registered.
    if (machines.length === 0 && !record.pack.events.some(({ type }) => type === 'badge')) return;
    const { pack, clock } = await alignPack(tx, record, context.time);
    const found = findings(pack, machines);
    const touched = new Map<string, number>();
    const notice = (body: MachineNotice) => notify({ kind: 'machine', body });
    for (const finding of found) {
      if (finding.kind === 'badge') {
        const badge = { event: finding.body, edge, device: finding.device, atMs: finding.timeMs, clock, receivedMs };
        const result = await badgeIn(tx, badge, { machines, context, nowMs: Math.trunc(now()) });
        notice({ ...result, atMs: finding.timeMs });
        if (result.did === 'refused')
          notify({ kind: 'badge', body: { badge: finding.body.badge, edge } satisfies BadgeNotice });
        continue;
      }
      touched.set(finding.machine.id, finding.timeMs);
      await applyFinding(tx, finding, { pack, clock, receivedMs });
    }
    for (const machine of await heardMachines(tx, { pack, clock }, machines)) touched.set(machine, latestMs(pack));
    for (const [machine, nowMs] of touched) {
      const closed = await closeSessions(tx, { machine, nowMs }, context);
      notice({ machine, did: closed.length > 0 ? 'closed' : 'observed', atMs: nowMs });
    }
  };
}

/** Machines whose edge this pack came from: those that tell changes only are as they were. Returns them. */
async function heardMachines(
  tx: Db,
  { pack, clock }: AlignedPack,
  machines: readonly MachineRecord[],
): Promise<string[]> {
  const timeMs = latestMs(pack);
  const own = machines.filter(({ activity }) => activity.edge === pack.edge);
  for (const { id } of own) await stillAsTold(tx, id, { timeMs, boot: pack.boot, clock });
  return own.map(({ id }) => id);
}

/** Machines change rarely, packs come by the thousand in a replay: read again at most twice a second. */
function keptMachines(): (tx: Db) => Promise<MachineRecord[]> {
  let machines: MachineRecord[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  return async (tx) => {
    if (performance.now() - readAt < MACHINES_AGE_MAX_MS) return machines;
    machines = await listMachines(tx);
    readAt = performance.now();
    return machines;
  };
}

async function applyFinding(
  tx: Db,
  finding: Exclude<Finding, { kind: 'badge' }>,
  { pack, clock, receivedMs }: AlignedPack & { readonly receivedMs: number },
): Promise<void> {
  const { machine, timeMs } = finding;
  if (finding.kind === 'register') return await noteRegister(tx, machine.id, { timeMs, mwh: finding.mwh });
  const before = await watchedActivity(tx, machine.id);
  const seen =
    finding.kind === 'activity'
      ? finding.activity
      : activityFromPower(before ?? 'unknown', finding.powerW, machine.thresholds);
  // Each change makes a row that stays: beyond what machines do, nobody knows what this one does.
  const isChange = before !== undefined && seen !== 'unknown' && seen !== before;
  const change = { edge: pack.edge, budget: 'activities', atMs: receivedMs } as const;
  const activity = isChange && (await takeAllowance(tx, change)) === 0 ? 'unknown' : seen;
  const source = `${pack.edge}/${pack.epoch}/${pack.seq}`;
  const isTold = finding.kind === 'activity';
  await observe(tx, machine.id, { timeMs, activity, boot: pack.boot, source, isTold, clock });
}

async function watchedActivity(tx: Db, machine: string): Promise<Activity | undefined> {
  const watch = await tx
    .selectFrom('machine_watch')
    .select('activity')
    .where('machine', '=', machine)
    .executeTakeFirst();
  return watch?.activity;
}

/** Only what concerns a machine or a badge, by time. */
function findings(pack: Pack, machines: readonly MachineRecord[]): Finding[] {
  const found = [
    ...pack.samples.flatMap((sample) => machines.flatMap((machine) => sampleFinding(pack.edge, sample, machine))),
    ...pack.events.flatMap((event) => eventFindings(pack.edge, event, machines)),
  ];
  return found.sort((a, b) => a.timeMs - b.timeMs || ORDER[a.kind] - ORDER[b.kind]);
}

function sampleFinding(edge: string, sample: Sample, machine: MachineRecord): Finding[] {
  const { device, point, timeMs, value } = sample;
  const isUsable = sample.quality === 'good' || sample.quality === 'estimated';
  if (point === 'importedWh' && machine.meter?.edge === edge && machine.meter.device === device) {
    if (typeof value !== 'number' || !isUsable || !isRegisterWh(value)) return [];
    return [{ kind: 'register', machine, timeMs, mwh: mwhFromWh(value) }];
  }
  if (machine.activity.edge !== edge || machine.activity.device !== device) return [];
  if (point === 'activePowerW') {
    return [{ kind: 'power', machine, timeMs, powerW: typeof value === 'number' && isUsable ? value : null }];
  }
  if (point !== 'activity') return [];
  return [{ kind: 'activity', machine, timeMs, activity: isUsable ? toActivity(value) : 'unknown' }];
}

function eventFindings(edge: string, event: Pack['events'][number], machines: readonly MachineRecord[]): Finding[] {
  const { device, timeMs, type, body } = event;
  if (type === 'badge') return Value.Check(BadgeEvent, body) ? [{ kind: 'badge', device, timeMs, body }] : [];
  const own = machines.filter(({ activity }) => activity.edge === edge && activity.device === device);
  const activity = eventActivity(type, body);
  return activity === null ? [] : own.map((machine) => ({ kind: 'activity', machine, timeMs, activity }));
}

function eventActivity(type: string, body: unknown): Activity | null {
  if (type === 'machine') return Value.Check(MachineEvent, body) ? body.activity : null;
  if (type === 'device' && Value.Check(DeviceEvent, body) && body.state !== 'online') return 'unknown';
  return null;
}

function toActivity(value: number | string | null): Activity {
  return ACTIVITIES.find((activity) => activity === value) ?? 'unknown';
}
