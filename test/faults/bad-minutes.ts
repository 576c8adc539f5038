/** A random schedule of what goes wrong: on every computer one thing after the other, on different computers at once. */
import type { BadSite, Member } from './bad-site.ts';
import { CARDS, MEMBERS } from './bad-site.ts';
import type { Computer } from './fault-site.ts';
import { pause, realNow, seeded, shuffled } from './real-time.ts';

export type ExpectedSession = {
  readonly member: Member;
  readonly startMs: number;
  readonly endMs: number;
  readonly runS: number;
};
export type Lease = { readonly issuedMs: number; readonly untilMs: number };
export type Outage = { readonly fromMs: number; readonly toMs: number };

/** What truly happened, for whoever compares. */
export type Happened = {
  readonly faults: string[];
  readonly sessions: ExpectedSession[];
  readonly leases: Lease[];
  /** When the workshop's agent had no power. */
  readonly shopOutages: Outage[];
};

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const LEASE_S = 10;
/** The lanes of one cycle are about this long. */
export const CYCLE_MS = 66 * SECOND;

type Run = {
  readonly bad: BadSite;
  readonly happened: Happened;
  readonly random: () => number;
  readonly note: (what: string) => void;
};

/** One cycle of faults, each kind once in a random order; everything is well at its end. */
export async function runBadCycle(bad: BadSite, happened: Happened, seed: number): Promise<void> {
  const startedMs = realNow();
  const note = (what: string) =>
    happened.faults.push(`${((realNow() - startedMs) / 1000).toFixed(1).padStart(5)} s ${what}`);
  const run = { bad, happened, random: seeded(seed), note };
  await Promise.all([homeLane(run), shopLane(run), doorLane(run), hubLane(run), sessionLane(run), leaseLane(run)]);
}

async function homeLane(run: Run): Promise<void> {
  const { home } = run.bad.agents;
  const kinds = [
    () => powerCut(run, 'home', { clockMs: 10 * SECOND }),
    () => powerCut(run, 'home', { clockMs: realNow() - 5 * HOUR }),
    () => stepped(run, home, { name: 'home', byMs: 600 * SECOND }),
    () => stepped(run, home, { name: 'home', byMs: -2 * DAY }),
    () => stepped(run, home, { name: 'home', byMs: 70 * DAY }),
    () => noisyWires(run),
  ];
  await inOrder(run, kinds);
}

async function shopLane(run: Run): Promise<void> {
  const { shop } = run.bad.agents;
  const kinds = [
    () => stepped(run, shop, { name: 'shop', byMs: -2 * DAY }),
    () => powerCut(run, 'shop', { clockMs: 10 * SECOND }),
    () => stepped(run, shop, { name: 'shop', byMs: 600 * SECOND }),
  ];
  await pause(8 * SECOND);
  await inOrder(run, kinds);
}

/** A minute behind, without a time service, as long as people badge in and out. */
async function doorLane({ bad, note }: Run): Promise<void> {
  const { clock } = bad.agents.door;
  note('door: its clock is 60 s behind');
  clock.setSynchronized(false);
  clock.step(-60 * SECOND);
  await pause(CYCLE_MS - 6 * SECOND);
  clock.step(0);
  clock.setSynchronized(true);
  note('door: its clock is right again');
}

async function hubLane(run: Run): Promise<void> {
  const { site } = run.bad;
  const restart = (process: typeof site.broker) => async () => {
    run.note(`${process.name}: killed`);
    await process.cut();
    await pause((1 + run.random()) * SECOND);
    await process.start();
    run.note(`${process.name}: back`);
  };
  const slow = async () => {
    const forS = 3 + 3 * run.random();
    run.note(`hub: stands still for ${forS.toFixed(1)} s`);
    for (const process of site.hub.processes) process.freeze();
    await pause(forS * SECOND);
    for (const process of site.hub.processes) process.thaw();
  };
  const behind = () => stepped(run, site.hub, { name: 'hub', byMs: -2 * HOUR });
  await pause(5 * SECOND);
  await inOrder(run, [slow, behind, restart(site.broker), restart(site.community)]);
}

async function inOrder(run: Run, kinds: readonly (() => Promise<void>)[]): Promise<void> {
  for (const act of shuffled(kinds, run.random)) {
    await act();
    await pause((2 + 2 * run.random()) * SECOND);
  }
}

/** The clock has lost the time, and the time service needs a while. */
async function powerCut(run: Run, name: 'home' | 'shop', to: { clockMs: number }): Promise<void> {
  const { process, clock } = run.bad.agents[name];
  const fromMs = realNow();
  run.note(`${name}: power cut`);
  await process.cut();
  await pause((1 + run.random()) * SECOND);
  clock.setSynchronized(false);
  clock.newBoot();
  clock.step(to.clockMs - realNow());
  await process.start();
  if (name === 'shop') run.happened.shopOutages.push({ fromMs, toMs: realNow() });
  run.note(`${name}: up again, its clock says ${new Date(realNow() + clock.offsetMs()).toISOString().slice(0, 16)}`);
  await pause((4 + 3 * run.random()) * SECOND);
  clock.step(0);
  clock.setSynchronized(true);
  run.note(`${name}: the time service found the time`);
}

async function stepped(run: Run, computer: Computer, { name, byMs }: { name: string; byMs: number }): Promise<void> {
  const { clock } = computer;
  run.note(`${name}: its clock is set by ${byMs / 1000} s`);
  clock.setSynchronized(false);
  clock.step(byMs);
  await pause((4 + 3 * run.random()) * SECOND);
  clock.step(0);
  clock.setSynchronized(true);
  run.note(`${name}: its clock is right again`);
}

async function noisyWires({ bad, note, random }: Run): Promise<void> {
  note('wires: replies are late, cut short and lost');
  for (const fault of shuffled(['drop', 'late', 'truncated', 'exception', 'wrong-crc'] as const, random)) {
    for (const device of ['solar', 'home-1']) bad.wires.faults.set(device, fault, { count: 2, delayMs: 1500 });
    await pause(SECOND);
  }
  for (const device of ['solar', 'home-1']) bad.wires.faults.set(device, 'clear', { count: 0 });
}

/** Two members after each other: in, run, out. */
async function sessionLane({ bad, happened, random }: Run): Promise<void> {
  for (const member of shuffled(MEMBERS, random)) {
    await pause(6 * SECOND);
    const startMs = realNow();
    bad.wires.showBadge(CARDS[member]);
    await pause(3 * SECOND);
    const runMs = (8 + 4 * random()) * SECOND;
    bad.wires.runs.push({ fromMs: realNow(), toMs: realNow() + runMs });
    await pause(runMs + 4 * SECOND);
    bad.wires.showBadge(CARDS[member]);
    happened.sessions.push({ member, startMs, endMs: realNow(), runS: runMs / SECOND });
  }
}

/** The shortest leases there are, one after the other, whatever else goes on. */
async function leaseLane({ bad, happened, note }: Run): Promise<void> {
  const endMs = realNow() + CYCLE_MS - 2 * LEASE_S * SECOND;
  while (realNow() < endMs) {
    const issuedMs = realNow();
    const request = { edge: bad.edgeOf('shop'), device: 'boiler', kind: 'setRelay', value: 1, reason: 'surplus' };
    const answer = await bad.post('/commands', { ...request, seconds: LEASE_S });
    note(`boiler: a lease of ${LEASE_S} s ${answer === null ? 'refused' : 'sent'}`);
    if (answer !== null) happened.leases.push({ issuedMs, untilMs: realNow() + LEASE_S * SECOND });
    await pause((LEASE_S + 5) * SECOND);
  }
}
