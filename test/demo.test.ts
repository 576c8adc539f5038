/** `npm start` as a neighbour sees it: banner, the last month settled, a command confirmed, a booking, a verified ledger; then stop and go on. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { localMonth, previousMonth } from '@commonworks/core';
import type {
  CommandRecord,
  Flow,
  MemberShare,
  Settlement,
  Statement,
  StatementSummary,
} from '@commonworks/core/api/index.ts';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logIn, openBrowser, visitor } from './pages/browser.ts';
import { open, PAGES } from './pages/page-list.ts';
import { allLooks, inBothSchemes, photograph } from './pages/shoot.ts';
import { asBusy } from './setup/busyness.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'test', 'screenshots-out', 'demo');
const folder = mkdtempSync(join(tmpdir(), 'commonworks-demo-test-'));
const dir = join(folder, 'site');
const BANNER_MS = asBusy(60_000);
/** These only bound how long a stuck one is waited for. */
const REPLAY_MS = 900_000;
const ANSWER_MS = 300_000;

/** The pages' own tests look at every width each time. */
const isEveryWidth = process.env['LONG'] === '1' || process.env['UPDATE_IMAGES'] === '1';

type BoilerCommand = Pick<CommandRecord, 'device' | 'kind' | 'state' | 'value' | 'observed' | 'requestedBy' | 'reason'>;
type Cookies = Awaited<ReturnType<BrowserContext['cookies']>>;
type Demo = { readonly child: ChildProcess; readonly url: string; readonly lines: string[]; readonly bannerMs: number };
let demo: Demo;

beforeAll(async () => {
  demo = await startDemo();
}, BANNER_MS + 10_000);

afterAll(async () => {
  await stopDemo(demo);
  rmSync(folder, { recursive: true, force: true });
});

describe('the demo community', () => {
  it('shows its banner within a minute, and passwords only where nobody keeps a log', () => {
    const text = demo.lines.join('\n');
    expect(demo.bannerMs).toBeLessThan(BANNER_MS);
    expect(text).toContain('Broker     mqtt://127.0.0.1:');
    for (const { password } of logins()) expect(text).not.toContain(password);
    expect(text).toContain('demo-logins.json');
  });

  it('has replayed and settled the last whole month, conserving every mWh', { timeout: REPLAY_MS }, async () => {
    const month = previousMonth(localMonth(Date.now(), 'Europe/Vienna'));
    const theo = await session('theo');
    const settled = await eventually(REPLAY_MS, async () => {
      const runs = await theo<Settlement[]>('/settlements');
      return runs.find((run) => run.month === month && run.status === 'settled');
    });
    expect(settled.productionMwh).toBeGreaterThan(100_000_000);
    expect(settled.allocatedMwh + settled.surplusMwh).toBe(settled.productionMwh);
    const anna = await session('anna');
    const { member } = await anna<{ member: string }>('/me');
    const summaries = await anna<StatementSummary[]>(`/members/${member}/statements`);
    expect(summaries.find((summary) => summary.month === month)?.status).toBe('settled');
    const statement = await anna<Statement>(`/members/${member}/statements/${month}`);
    expect(statement.lines.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(statement.totalMinor);
    expect(statement.energy.allocatedMwh + statement.energy.residualMwh).toBe(statement.energy.consumedMwh);
    expect(statement.energy.intervalsComplete).toBe(statement.energy.intervals);
    const verified = commonworks('verify', '--site', dir, '--head', statement.ledgerHead ?? '', '--json');
    expect(JSON.parse(verified)).toMatchObject({ verdict: 'anchored' });
  });

  it('is live: every node of the flow has a fresh figure, and they balance', { timeout: REPLAY_MS }, async () => {
    const anna = await session('anna');
    const flow = await eventually(REPLAY_MS, async () => {
      const now = await anna<Flow>('/flow');
      return now.residualW !== null && now.nodes.every((node) => !node.isStale) ? now : undefined;
    });
    const power = Object.fromEntries(flow.nodes.map((node) => [node.kind, node.powerW ?? Number.NaN]));
    const rest = ['sun', 'battery', 'homes', 'workshop'].reduce((sum, kind) => sum + (power[kind] ?? Number.NaN), 0);
    expect((power['grid'] ?? Number.NaN) - rest).toBeCloseTo(flow.residualW ?? Number.NaN, 0);
    const { member } = await anna<{ member: string }>('/me');
    const today = new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Vienna' });
    const share = await anna<MemberShare>(`/members/${member}/share?day=${today}`);
    expect(share.now.isStale).toBe(false);
    expect(share.month.totals.consumedMwh).toBeGreaterThan(0);
  });

  it('limits the solar plant on an operator’s word, confirmed by reading back', { timeout: ANSWER_MS }, async () => {
    const olga = await session('olga');
    const devices = await olga<{ edge: string; device: string }[]>('/devices');
    const edge = devices.find((device) => device.device === 'pv-1')?.edge ?? '';
    const body = { edge, device: 'pv-1', kind: 'setPowerLimitPct', value: 60, reason: 'system test', seconds: 30 };
    const { id } = await olga<{ id: string }>('/commands', { body });
    const command = await eventually(ANSWER_MS, async () => {
      const now = await olga<{ state: string; observed: number | null }>(`/commands/${id}`);
      return ['confirmed', 'failed', 'expired'].includes(now.state) ? now : undefined;
    });
    expect(command).toMatchObject({ state: 'confirmed', observed: 60 });
  });

  it('lets the example flow switch the boiler, as the operator sees', { timeout: ANSWER_MS }, async () => {
    const olga = await session('olga');
    const flows = spawn(process.execPath, ['cli/main.ts', 'flows', 'run', '--site', dir, '--port', '0'], { cwd: ROOT });
    try {
      const command = await eventually(ANSWER_MS, async () => {
        const commands = await olga<BoilerCommand[]>('/commands');
        return commands.find(({ device, state }) => device === 'boiler-1' && state === 'confirmed');
      });
      expect(command).toMatchObject({ kind: 'setRelay', requestedBy: 'service', reason: 'flow: boiler from surplus' });
      expect(command.observed).toBe(command.value);
    } finally {
      const ended = new Promise((resolve) => flows.once('exit', resolve));
      flows.kill('SIGTERM');
      await ended;
    }
  });

  it('lets a member book a machine once, and refuses the overlap in words', async () => {
    const anna = await session('anna');
    const machines = await anna<{ id: string; name: string }[]>('/machines');
    const machine = machines[0]?.id ?? '';
    const fromMs = Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 30 * 86_400_000;
    const body = { machine, fromMs, toMs: fromMs + 3_600_000 };
    await anna('/bookings', { body });
    const refused = await anna<{ code: string; detail: string }>('/bookings', { body, status: 409 });
    expect(refused.code).toMatch(/^workshop\./);
    expect(refused.detail.length).toBeGreaterThan(10);
  });

  it('is worth a photograph: every page, light and dark', { timeout: REPLAY_MS }, async () => {
    await using browser = await openBrowser();
    // Each person logs in once: the server counts guesses, and a visitor with many devices has one cookie.
    const cookies = new Map<string, Cookies>();
    for (const look of allLooks(PAGES).filter(({ viewport }) => isEveryWidth || viewport === 'phone')) {
      const { who } = look.check;
      await using context = await visitor(browser, look.viewport, 'light');
      const known = cookies.get(who);
      if (known === undefined) await logIn(context, demo.url, loginOf(who));
      else await context.addCookies(known);
      cookies.set(who, await context.cookies());
      const page = await context.newPage();
      await open(page, demo.url, look.check);
      await inBothSchemes(page, (scheme) => photograph(page, { ...look, scheme, out: OUT }));
    }
    // The README's picture is made by this run: UPDATE_IMAGES=1 keeps it.
    if (process.env['UPDATE_IMAGES'] === '1') {
      mkdirSync(join(ROOT, 'docs', 'images'), { recursive: true });
      for (const name of ['community', 'share', 'machines', 'operator']) {
        copyFileSync(join(OUT, `${name}-1280-light.png`), join(ROOT, 'docs', 'images', `${name}.png`));
      }
    }
  });

  it('stops cleanly, and goes on where it was', { timeout: ANSWER_MS }, async () => {
    const theo = await session('theo');
    const before = await theo<Settlement[]>('/settlements');
    expect(await stopDemo(demo)).toBe(0);
    demo = await startDemo();
    const again = await session('theo');
    expect(await again<Settlement[]>('/settlements')).toEqual(before);
  });
});

async function startDemo(): Promise<Demo> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['cli/main.ts', 'demo', 'run', '--dir', dir], { cwd: ROOT });
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        const found = /Web page {3}(http:\S+)/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    child.once('exit', () => reject(new Error(`the demo ended:\n${lines.join('\n')}`)));
  });
  return { child, url, lines, bannerMs: performance.now() - startedMs };
}

async function stopDemo({ child }: Demo): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  return exited;
}

function commonworks(...args: string[]): string {
  return spawnSync(process.execPath, ['cli/main.ts', ...args], { cwd: ROOT, encoding: 'utf8' }).stdout;
}

type DemoLogin = { readonly email: string; readonly password: string };
function logins(): DemoLogin[] {
  return (JSON.parse(readFileSync(join(dir, 'demo-logins.json'), 'utf8')) as { logins: DemoLogin[] }).logins;
}

function loginOf(who: string): DemoLogin {
  const login = logins().find(({ email }) => email === `${who}@demo`);
  if (login === undefined) throw new Error(`no log-in for ${who}`);
  return login;
}

type Ask = <T>(path: string, options?: { body?: unknown; status?: number }) => Promise<T>;

/** Logs in and answers with a function that asks the API as that person. */
async function session(who: string): Promise<Ask> {
  const headers = { 'content-type': 'application/json', origin: demo.url };
  const signIn = { method: 'POST', headers, body: JSON.stringify(loginOf(who)) };
  const answer = await eventually(ANSWER_MS, async () => {
    const response = await fetch(`${demo.url}/api/auth/sign-in/email`, signIn).catch(() => undefined);
    return response?.ok === true ? response : undefined;
  });
  const cookie = answer.headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; ');
  return async <T>(path: string, options: { body?: unknown; status?: number } = {}) => {
    const key = { 'idempotency-key': crypto.randomUUID() };
    const request =
      options.body === undefined
        ? { headers: { cookie } }
        : { method: 'POST', headers: { ...headers, ...key, cookie }, body: JSON.stringify(options.body) };
    const response = await fetch(`${demo.url}/api/v1${path}`, request);
    const text = await response.text();
    if (options.status === undefined ? !response.ok : response.status !== options.status) {
      throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`);
    }
    return JSON.parse(text) as T;
  };
}

async function eventually<T>(forMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const untilMs = performance.now() + forMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (performance.now() > untilMs) throw new Error(`not so within ${forMs} ms:\n${demo.lines.slice(-30).join('\n')}`);
    await pause(500);
  }
}
