/** The site of the bad minutes: meters, a workshop and a door, each with an agent on a computer of its own. */
import type { FaultSite } from './fault-site.ts';
import { type Agent, openFaultSite } from './fault-site.ts';
import { until } from './real-time.ts';
import { openWires, UNITS, type Wires } from './wires.ts';

export const MEMBERS = ['Anna', 'Ben'] as const;
export type Member = (typeof MEMBERS)[number];
export const CARDS: Readonly<Record<Member, string>> = { Anna: '04A1B2C3', Ben: '04D4E5F6' };
export const PRICE_PER_HOUR = '3600';

export type BadSite = {
  readonly site: FaultSite;
  readonly wires: Wires;
  readonly agents: Readonly<Record<'home' | 'shop' | 'door', Agent>>;
  readonly memberIds: Readonly<Record<Member, string>>;
  readonly edgeOf: (name: string) => string;
  /** As the service: null when the hub could not be reached or refused. */
  readonly post: (path: string, body: unknown) => Promise<unknown | null>;
  [Symbol.asyncDispose](): Promise<void>;
};

const DAY_MS = 86_400_000;
const PERIOD_MS = 1000;
/** Telegrams come once a second: a shorter period would miss some. */
const P1_PERIOD_MS = 2000;
const READY_MS = 60_000;
const PASSWORD = 'a long enough password';

export async function openBadSite(): Promise<BadSite> {
  const wires = await openWires();
  const ids = new Map<string, string>();
  const site = await openFaultSite({ edges: ['home', 'shop', 'door'], seed: (context) => seedOf(context, ids) });
  const agents = addAgents(site, wires);
  const edgeOf = (name: string) => site.edges.get(name)?.id ?? '';
  await site.broker.start();
  await site.community.start();
  for (const agent of Object.values(agents)) await agent.process.start();
  await addMill(site, edgeOf);
  const headers = { authorization: `Bearer ${site.serviceToken}`, 'content-type': 'application/json' };
  const call = async (path: string, init: RequestInit) => {
    try {
      const response = await fetch(`${site.url}/api/v1${path}`, {
        ...init,
        headers,
        signal: AbortSignal.timeout(8000),
      });
      return response.ok ? ((await response.json()) as unknown) : null;
    } catch {
      return null;
    }
  };
  const isAnnounced = async () => {
    const devices = ((await call('/devices', {})) ?? []) as { device: string }[];
    return ['lamp', 'boiler', 'home-1', 'home-2', 'home-3'].every((name) =>
      devices.some(({ device }) => device === name),
    );
  };
  await until(isAnnounced, READY_MS, () => `the devices to be announced\n${lastLines({ site, agents })}`);
  return {
    ...{ site, wires, agents, edgeOf },
    memberIds: { Anna: ids.get('Anna') ?? '', Ben: ids.get('Ben') ?? '' },
    post: (path, body) => call(path, { method: 'POST', body: JSON.stringify(body) }),
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]();
      wires.close();
    },
  };
}

/** What the processes said last, for a failing run. */
export function lastLines({ site, agents }: Pick<BadSite, 'site' | 'agents'>): string {
  const processes = [site.broker, site.community, ...Object.values(agents).map(({ process }) => process)];
  return processes
    .flatMap(({ name, lines }) => lines.slice(-8).map((line) => `${name}: ${line.slice(0, 300)}`))
    .join('\n');
}

function addAgents(site: FaultSite, { ports }: Wires): BadSite['agents'] {
  const at = (port: number) => ({ host: '127.0.0.1', port });
  const modbus = (name: string, port: number, devices: object[]) => ({
    name,
    kind: 'modbus-tcp',
    ...at(port),
    devices,
  });
  const device = (name: string, profile: string, unit: number) => ({
    ...{ device: name, title: name, profile, unit, periodMs: PERIOD_MS },
  });
  const home = site.addAgent('home', {
    buses: [
      modbus('meters', ports.meters, [
        device('solar', 'eastron-sdm120', UNITS.solar),
        device('home-1', 'eastron-sdm120', UNITS.home),
      ]),
    ],
    p1: [
      { device: 'home-2', title: 'home-2', link: at(ports.p1), zone: 'UTC', periodMs: P1_PERIOD_MS },
      { device: 'home-3', title: 'home-3', link: at(ports.swapped), zone: 'UTC', periodMs: P1_PERIOD_MS },
    ],
  });
  const shop = site.addAgent('shop', {
    buses: [
      modbus('shop', ports.shop, [
        device('mill-meter', 'eastron-sdm120', UNITS.mill),
        device('boiler', 'generic-relay', UNITS.boiler),
        device('lamp', 'generic-relay', UNITS.lamp),
      ]),
    ],
    machines: [{ device: 'mill', title: 'Mill', firmware: 'grbl', link: at(ports.mill) }],
  });
  const door = site.addAgent('door', {
    badgeKeyFile: '../keys/badge.key',
    readers: [{ device: 'reader', title: 'Reader', protocol: 'uid-line', link: at(ports.badge) }],
  });
  return { home, shop, door };
}

type SeedContext = Pick<FaultSite, 'edges' | 'newId' | 'badgeOf'>;

function seedOf({ edges, newId, badgeOf }: SeedContext, ids: Map<string, string>) {
  const joinedMs = Date.now() - 60 * DAY_MS;
  for (const name of MEMBERS) ids.set(name, newId());
  const member = (name: Member) => ids.get(name) ?? '';
  const point = (device: string, role: 'producer' | 'consumer' | 'workshop', owner: Member | null) => ({
    ...{ id: newId(), name: device, role, member: owner === null ? null : member(owner), ratedPowerW: 24_000 },
    assignments: [
      { edge: edges.get(role === 'workshop' ? 'shop' : 'home')?.id ?? '', device, fromMs: joinedMs, toMs: null },
    ],
  });
  return {
    members: MEMBERS.map((name) => ({ id: member(name), name, email: null, roles: ['member' as const], joinedMs })),
    transfers: [],
    meteringPoints: [
      point('solar', 'producer', null),
      point('home-1', 'consumer', 'Anna'),
      point('home-2', 'consumer', 'Ben'),
      point('home-3', 'consumer', null),
      point('mill-meter', 'workshop', null),
    ],
    tariffs: [
      {
        ...{ id: newId(), fromMs: joinedMs, method: 'pro-rata' as const },
        ...{ internalPrice: '12.5', gridPrice: '29.8', feedInPrice: '6.4' },
      },
    ],
    badges: MEMBERS.map((name) => ({ badge: badgeOf(CARDS[name]), member: member(name) })),
    ...{ machines: [], bookings: [] },
  };
}

/** As the first admin does it: through the one-time link. The mill's reader hangs on another agent than the mill. */
async function addMill(site: FaultSite, edgeOf: (name: string) => string): Promise<void> {
  const email = 'ada@sonnenhof.example';
  const send = async (path: string, body: unknown, cookie = '') => {
    const headers = { 'content-type': 'application/json', origin: site.url, cookie };
    const response = await fetch(`${site.url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.headers
      .getSetCookie()
      .map((text) => text.split(';')[0])
      .join('; ');
  };
  await send('v1/auth/accept', { token: site.adminToken, name: 'Ada', email, password: PASSWORD });
  const cookie = await send('auth/sign-in/email', { email, password: PASSWORD });
  const shop = edgeOf('shop');
  await send(
    'v1/machines',
    {
      ...{
        name: 'Mill',
        kind: 'cnc',
        activity: { edge: shop, device: 'mill' },
        relay: null,
        pricePerHour: PRICE_PER_HOUR,
      },
      meter: { edge: shop, device: 'mill-meter' },
      reader: { edge: edgeOf('door'), device: 'reader' },
    },
    cookie,
  );
}
