/** Cuts the power of a real community server while people are registered over HTTP: who was answered is there, once. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createVolatileDisk, type VolatileDisk } from '../faults/volatile-disk.ts';
import { type BrokerSite, newBrokerSite } from '../peers/broker-process.ts';
import { type PeerProcess, startPeer } from '../peers/process.ts';
import { applyPlan, type CutOptions, FLUSH_MICROS, onDisk, planCut, type Tally } from './power-cut.ts';

const ENTRY = new URL('../../community/main.ts', import.meta.url).pathname;
/** Requests under way at once. */
const AT_ONCE = 4;

const ADMIN = { name: 'Ida', email: 'ida@example.org', password: 'a long enough password' };

type Server = PeerProcess & { readonly url: string };
type Cutting = { readonly site: BrokerSite; readonly disk: VolatileDisk; readonly env: CutOptions['env'] };
type Known = {
  /** Names by id. */
  readonly answered: Map<string, string>;
  readonly found: { readonly lost: string[]; readonly doubled: string[] };
  /** Of the admin's session: that it was made was answered, too. */
  readonly cookie: string;
};

export async function cutServer({ cuts, random, library, env }: CutOptions): Promise<Tally> {
  using site = newBrokerSite();
  const aside = join(site.dir, '..', 'disk');
  mkdirSync(aside);
  const disk = createVolatileDisk({ folder: join(site.dir, 'data'), aside, library }, { flushMicros: FLUSH_MICROS });
  const cutting = { site, disk, env };
  const cookie = await makeAdmin(cutting);
  const known: Known = { answered: new Map(), found: { lost: [], doubled: [] }, cookie };
  for (let cut = 0; cut < cuts; cut++) {
    const plan = planCut(cut, random, { start: 40, load: 1200, checkpoint: 300 });
    applyPlan(disk, plan);
    await registerUntilCut(cutting, known);
    disk.cutPower(plan.unflushed);
  }
  const server = await startServer(cutting);
  await compare(server, known);
  await server.stop('SIGKILL');
  disk.close();
  return { cuts, acknowledged: known.answered.size, ...known.found };
}

async function makeAdmin(cutting: Cutting): Promise<string> {
  const server = await startServer(cutting);
  await ask(server, '/api/v1/auth/accept', { body: { ...ADMIN, token: cutting.site.adminToken } });
  const { email, password } = ADMIN;
  const signedIn = await ask(server, '/api/auth/sign-in/email', { body: { email, password } });
  await server.stop('SIGKILL');
  cutting.disk.cutPower({ keep: 'nothing' });
  const cookies = signedIn.headers.getSetCookie().map((text) => text.split(';')[0]);
  return cookies.join('; ');
}

async function registerUntilCut(cutting: Cutting, known: Known): Promise<void> {
  const orCut = (error: unknown) => {
    if (!cutting.disk.hasFailed()) throw error;
    return null;
  };
  const server = await startServer(cutting).catch(orCut);
  if (server === null) return;
  const isWhole = await compare(server, known).then(() => true, orCut);
  const register = async () => {
    for (let isUp = isWhole === true; isUp; ) {
      const name = randomUUID();
      const body = { name, email: `${name}@example.org`, roles: [], shares: 0 };
      const told = await ask(server, '/api/v1/members', { body, cookie: known.cookie })
        .then((response) => response.json())
        .catch(orCut);
      isUp = told !== null;
      if (isUp) known.answered.set((told as { member: { id: string } }).member.id, name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, register));
  await server.stop('SIGKILL');
}

async function compare(server: Server, { answered, found, cookie }: Known): Promise<void> {
  const response = await ask(server, '/api/v1/members', { cookie });
  const members = (await response.json()) as { id: string; name: string }[];
  const there = new Map(members.map(({ id, name }) => [id, name]));
  for (const [id, name] of answered) if (there.get(id) !== name) found.lost.push(name);
  const names = new Set(members.map(({ name }) => name));
  if (names.size !== members.length) found.doubled.push(`${members.length - names.size} members`);
}

async function startServer({ site, disk, env }: Cutting): Promise<Server> {
  const [program = '', ...args] = [...onDisk(disk, env), process.execPath, ENTRY, '--site', site.dir];
  const peer = await startPeer(program, args, { ready: /"webPort":(\d+),[^\n]*"msg":"ready"/, package: 'coreutils' });
  return { ...peer, url: `http://127.0.0.1:${peer.found}` };
}

/** @throws when it was refused, or nobody answered. */
async function ask(
  { url }: Server,
  path: string,
  { body, cookie = '' }: { readonly body?: unknown; readonly cookie?: string },
): Promise<Response> {
  const headers = { 'content-type': 'application/json', origin: url, cookie };
  const sent = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${url}${path}`, sent);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}
