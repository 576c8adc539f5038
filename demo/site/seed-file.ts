/** The demo's seed: people, points, tariff, machines and bookings, as a community's server takes them once. */
import { localDay, QUARTER_HOUR_MS, type SiteConfig } from '@commonworks/core';
import type { Seed } from '@commonworks/core/seed.ts';
import { BATTERY } from '../world/battery.ts';
import { createWallClock } from '../world/local-time.ts';
import { PV_RATED_W } from '../world/pv.ts';
import { createWorkshopPlan, type MachineName } from '../world/workshop-plan.ts';
import type { DemoEdge } from './edge-files.ts';
import { PEOPLE, type Person, SHARES_ISSUED } from './people.ts';

const DAY_MS = 86_400_000;
/** Founded a month before its data begins, so that every rule is in force from the first interval on. */
const FOUNDED_BEFORE_MS = 30 * DAY_MS;
/** Bookings reach this far beyond the moment the demo is made; the makers come whatever is booked. */
const BOOKED_AHEAD_MS = 7 * DAY_MS;

export type SeedInput = {
  readonly site: SiteConfig;
  readonly nowMs: number;
  readonly edges: readonly (DemoEdge & { readonly secretHash: string })[];
  /** Keyed hash of a maker's card. */
  readonly badgeOf: (maker: string) => string;
  readonly newId: () => string;
};

export function demoSeed(input: SeedInput): Seed {
  const demo = input.site.demo ?? { seed: 0, speed: 1, originMs: input.nowMs };
  const foundedMs = demo.originMs - FOUNDED_BEFORE_MS;
  const people = PEOPLE.map((person) => ({ ...person, id: input.newId() }));
  const edgeId = (name: DemoEdge['name']): string => input.edges.find((edge) => edge.name === name)?.id ?? '';
  const machines = demoMachines(edgeId('workshop'), input.newId);
  return {
    members: people.map(({ id, name, email, roles }) => ({ id, name, email, roles: [...roles], joinedMs: foundedMs })),
    transfers: [
      { from: 'issue', to: 'community', shares: SHARES_ISSUED, atMs: foundedMs, reason: 'Founding issue' },
      ...people.map(({ id, shares }) => ({
        from: 'community' as const,
        to: id,
        shares,
        atMs: foundedMs,
        reason: 'Subscribed at the founding',
      })),
    ],
    edges: input.edges.map(({ id, name, secretHash }) => ({ id, name, secretHash })),
    meteringPoints: demoPoints(people, { roof: edgeId('roof'), workshop: edgeId('workshop'), foundedMs }, input.newId),
    tariffs: [
      {
        id: input.newId(),
        fromMs: foundedMs,
        method: 'pro-rata',
        internalPrice: '12.5',
        gridPrice: '29.8',
        feedInPrice: '6.4',
      },
    ],
    machines: [machines['laser-1'], machines['cnc-1']],
    badges: people.flatMap(({ id, maker }) => (maker === null ? [] : [{ badge: input.badgeOf(maker), member: id }])),
    bookings: demoBookings(people, machines, { ...demo, zone: input.site.community.zone, nowMs: input.nowMs }),
  };
}

type WithId = Person & { readonly id: string };

/** What each kind of connection can carry: three fuses of 35 A for a home, of 100 A for the house, one of 16 A for a machine. */
const RATED_W = {
  solar: PV_RATED_W,
  battery: BATTERY.powerMaxW,
  grid: 69_000,
  home: 24_000,
  machine: 3680,
} as const;

/** SunSpec's acc32 in whole watt-hours. */
const ACC32_WH = 2 ** 32;

function demoPoints(
  people: readonly WithId[],
  place: { roof: string; workshop: string; foundedMs: number },
  newId: () => string,
): Seed['meteringPoints'] {
  const point = (
    name: string,
    role: Seed['meteringPoints'][number]['role'],
    of: { device: string; ratedPowerW: number; member?: string; registerModulusWh?: number },
  ) => ({
    id: newId(),
    name,
    role,
    member: of.member ?? null,
    ratedPowerW: of.ratedPowerW,
    assignments: [
      {
        edge: role === 'workshop' ? place.workshop : place.roof,
        device: of.device,
        fromMs: place.foundedMs,
        toMs: null,
        ...(of.registerModulusWh !== undefined && { registerModulusWh: of.registerModulusWh }),
      },
    ],
  });
  const home = (device: string, member: string) => ({ device, member, ratedPowerW: RATED_W.home });
  return [
    point('Solar plant', 'producer', { device: 'pv-1', ratedPowerW: RATED_W.solar, registerModulusWh: ACC32_WH }),
    point('Battery', 'storage', { device: 'bat-1', ratedPowerW: RATED_W.battery }),
    point('Grid connection', 'grid', { device: 'grid-1', ratedPowerW: RATED_W.grid }),
    ...people.flatMap((person) =>
      person.home === null ? [] : [point(`Home of ${person.name}`, 'consumer', home(person.home, person.id))],
    ),
    point('Laser cutter', 'workshop', { device: 'laser-1', ratedPowerW: RATED_W.machine }),
    point('CNC mill', 'workshop', { device: 'cnc-1-meter', ratedPowerW: RATED_W.machine }),
    point('Hot-water boiler', 'workshop', { device: 'boiler-1-meter', ratedPowerW: RATED_W.machine }),
  ];
}

function demoMachines(edge: string, newId: () => string): Record<MachineName, Seed['machines'][number]> {
  return {
    'laser-1': {
      id: newId(),
      name: 'Laser cutter',
      kind: 'laser',
      activity: { edge, device: 'laser-1' },
      meter: { edge, device: 'laser-1' },
      relay: { edge, device: 'laser-1-relay' },
      pricePerHour: '900',
    },
    'cnc-1': {
      id: newId(),
      name: 'CNC mill',
      kind: 'cnc',
      activity: { edge, device: 'cnc-1' },
      meter: { edge, device: 'cnc-1-meter' },
      relay: null,
      pricePerHour: '1400',
    },
  };
}

/** The world's makers book what they will use: from the beginning until a week after now. */
function demoBookings(
  people: readonly WithId[],
  machines: Record<MachineName, Seed['machines'][number]>,
  span: { seed: number; originMs: number; nowMs: number; zone: string },
): Seed['bookings'] {
  const clock = createWallClock(span.zone);
  const plan = createWorkshopPlan(span.seed, clock);
  const bookings: Seed['bookings'] = [];
  const dayIndex = (timeMs: number): number =>
    Math.floor(Date.parse(`${localDay(timeMs, span.zone)}T00:00:00Z`) / DAY_MS);
  for (let day = dayIndex(span.originMs); day <= dayIndex(span.nowMs + BOOKED_AHEAD_MS); day++) {
    for (const session of plan.sessionsOf(day)) {
      const member = people.find((person) => person.maker === session.maker);
      if (member === undefined || session.bookedFromMs % QUARTER_HOUR_MS !== 0) continue;
      const { bookedFromMs: fromMs, bookedToMs: toMs } = session;
      bookings.push({ machine: machines[session.machine].id, member: member.id, fromMs, toMs });
    }
  }
  return bookings;
}
