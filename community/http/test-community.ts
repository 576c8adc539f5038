/** A small community for tests: real parts on a database in memory, a broker connection that only writes down. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rightHub } from '@commonworks/clock/hub-time.ts';
import { CodedError, type Result } from '@commonworks/core';
import { parseSeed } from '@commonworks/core/seed.ts';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { admitAdminToken } from '../auth/admin-token.ts';
import { openLogIn } from '../auth/log-in.ts';
import { answerQuestion } from '../closing/answer-question.ts';
import { createCommands } from '../control/commands.ts';
import { type Db, openDatabase } from '../database.ts';
import { createCommunityLive } from '../live/community-live.ts';
import type { Answers, Question } from '../metering/derivation-messages.ts';
import { applySeed } from '../register/apply-seed.ts';
import type { App } from './app.ts';
import { buildServer } from './server.ts';

export const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
export const COMMUNITY = id(1);
export const PEOPLE = { anna: id(11), ben: id(12), olga: id(13), theo: id(14), ada: id(15) } as const;
export type Person = keyof typeof PEOPLE;
export const EDGE = id(21);
export const LASER = id(31);
export const MILL = id(32);
export const POINT = id(41);
export const NOW = Date.UTC(2026, 4, 4, 8, 0);
export const SERVICE_TOKEN = 'a-service-token-for-tests-only';
const ADMIN_TOKEN = 'the-token-of-the-first-admin';
const PASSWORD = 'four random words';
const SITE = { id: COMMUNITY, name: 'Sonnenhof', zone: 'Europe/Vienna', currency: 'EUR', locale: 'en' };

const member = (name: Person, role: string) => ({
  ...{ id: PEOPLE[name], name, email: `${name}@cellar`, roles: [role], joinedMs: 0 },
});
const device = (name: string) => ({ edge: EDGE, device: name });

/** `badge` of a member in tests. */
export const badgeOf = (name: Person) => createHash('sha256').update(name).digest('hex');

const SEED = {
  members: [
    member('anna', 'member'),
    member('ben', 'member'),
    member('olga', 'operator'),
    member('theo', 'treasurer'),
    member('ada', 'admin'),
  ],
  transfers: [
    { from: 'issue', to: 'community', shares: 100, atMs: 1, reason: 'founding' },
    { from: 'community', to: PEOPLE.anna, shares: 10, atMs: 2, reason: 'bought' },
  ],
  edges: [{ id: EDGE, name: 'workshop', secretHash: 'scrypt$1024$8$1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA' }],
  meteringPoints: [
    {
      ...{ id: POINT, name: 'Home of Anna', role: 'consumer', member: PEOPLE.anna },
      assignments: [{ ...device('home-1'), fromMs: 0, toMs: null }],
    },
  ],
  tariffs: [{ id: id(51), fromMs: 0, method: 'pro-rata', internalPrice: '12', gridPrice: '30', feedInPrice: '6' }],
  machines: [
    {
      ...{ id: LASER, name: 'Laser', kind: 'laser', pricePerHour: '1200' },
      ...{ activity: device('laser-1'), meter: device('laser-1'), relay: device('laser-1') },
    },
    {
      ...{ id: MILL, name: 'Mill', kind: 'cnc', pricePerHour: '900.5' },
      ...{ activity: device('cnc-1'), meter: device('cnc-1-meter'), relay: null },
    },
  ],
  badges: (['anna', 'ben'] as const).map((name) => ({ badge: badgeOf(name), member: PEOPLE[name] })),
  bookings: [],
};

export async function openTestDatabase(): Promise<Db> {
  const db = await openDatabase(':memory:');
  await applySeed(db, parseSeed(SEED), { community: COMMUNITY });
  return db;
}

/** What the broker connection would have sent, and whether it is there. */
export type TestLink = { isUp: boolean; readonly sent: { edge: string; text: string }[] };
export type TestCommunity = Awaited<ReturnType<typeof startTestCommunity>>;

export async function startTestCommunity(options: { isDemo?: boolean } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'community-'));
  const adminTokenFile = join(dir, 'admin.token');
  const sha256 = createHash('sha256').update(ADMIN_TOKEN).digest('hex');
  writeFileSync(adminTokenFile, JSON.stringify({ sha256, expiresMs: Date.now() + 60_000 }));
  writeFileSync(join(dir, 'index.html'), '<!doctype html><title>app</title>');
  writeFileSync(join(dir, 'app.js'), 'export {};');
  const db = await openTestDatabase();
  const time = { nowMs: NOW };
  const now = () => time.nowMs;
  const status = () => ({ nowMs: time.nowMs, speed: 1, mode: 'system' as const });
  const clock = { now, status, ticks: async function* () {}, close: () => {} };
  const logIn = await openLogIn({
    ...{ file: ':memory:', secret: 'a secret of at least thirty-two characters', publicUrl: 'http://127.0.0.1:8880' },
    ...{ cookiePrefix: 'test', now: Date.now, log: () => {} },
  });
  admitAdminToken(adminTokenFile, logIn.links);
  const live = createCommunityLive({ db, zone: SITE.zone, clock, onFault: fail });
  const link: TestLink = { isUp: true, sent: [] };
  const keys = generateKeyPairSync('ed25519');
  const commands = createTestCommands({ db, key: keys.privateKey, live: live.values, link, now });
  const app: App = {
    ...{ site: SITE, community: SITE, isDemo: options.isDemo ?? false, publicUrl: 'http://127.0.0.1:8880', db, clock },
    ...{ hub: rightHub(now), dataDir: dir },
    audit: { state: async () => ({ nowMs: now(), isBrokerKnown: false, checks: [] }) },
    ...{ logIn, live, commands, accessChanged: () => {}, adminTokenFile, serviceToken: SERVICE_TOKEN },
    askAboutMonth: async <Q extends Question>(question: Q) =>
      (await answerQuestion(db, { community: SITE, nowMs: now(), isTimeKnown: true }, question)) as Result<
        Answers[Q['ask']]
      >,
  };
  const { server, rules } = await buildServer(app, {
    ...{ logger: pino({ level: 'silent' }), machineName: 'cellar', dashboardDir: dir },
  });
  await server.ready();
  const inject = (request: InjectOptions): Promise<LightMyRequestResponse> =>
    server.inject({ ...request, headers: { host: '127.0.0.1:8880', ...request.headers } });
  return {
    ...{ app, db, live, link, commands, rules, server, time, inject, adminToken: ADMIN_TOKEN },
    publicKey: keys.publicKey,
    /** The cookie of somebody who logged in with their password. */
    cookieOf: (name: Person) => logInAs(app, inject, name),
    async close(): Promise<void> {
      await server.close();
      logIn.close();
      await db.destroy();
    },
  };
}

type CommandParts = { db: Db; key: KeyObject; live: App['live']['values']; link: TestLink; now: () => number };

export function createTestCommands({ db, key, live, link, now }: CommandParts) {
  return createCommands({
    ...{ db, community: COMMUNITY, key, live, now, speed: () => 1, onChange: () => {} },
    link: {
      isConnected: () => link.isUp,
      publishCommand: async (edge, text) => {
        if (!link.isUp) throw new CodedError('control.broker-unreachable', 'gone');
        link.sent.push({ edge, text });
      },
    },
  });
}

type Inject = (request: InjectOptions) => Promise<LightMyRequestResponse>;

async function logInAs(app: App, inject: Inject, name: Person): Promise<string> {
  const login = { member: PEOPLE[name], name, email: `${name}@cellar` };
  if (!app.logIn.members().has(login.member)) {
    await app.logIn.create({ ...login, password: await app.logIn.hashPassword(PASSWORD) });
  }
  const payload = { email: login.email, password: PASSWORD };
  const answer = await inject({ method: 'POST', url: '/api/auth/sign-in/email', payload });
  return answer.cookies.map((cookie) => `${cookie.name}=${encodeURIComponent(cookie.value)}`).join('; ');
}

function fail(error: unknown): never {
  throw error;
}
