/** A site of real processes, backed up under load, stopped, restored into a new folder and run there. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openDatabase } from '@commonworks/community/database.ts';
import { postEntry } from '@commonworks/community/ledger/post-entry.ts';
import { sha256 } from '@commonworks/community/ledger/sha256.ts';
import type { LogEntry, LogPage, SiteConfig } from '@commonworks/core';
import type { BackupState } from '@commonworks/core/api/index.ts';
import { sessionEntry } from '@commonworks/core/ledger/index.ts';
import { afterAll, expect, it } from 'vitest';
import { createSite } from '../cli/site/create-site.ts';
import { freePorts } from '../demo/site/free-ports.ts';
import { LoadEdge } from './broker/load.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PASSWORD = 'a long enough password';
const MEMBER = '01900000-0000-7000-8000-0000000000a1';
const folder = mkdtempSync(join(tmpdir(), 'commonworks-backup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function commonworks(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['cli/main.ts', ...args], { cwd: ROOT });
    return { status: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, out: stdout, err: stderr };
  }
}

class RunningSite {
  readonly #child: ChildProcess;
  readonly url: string;
  readonly config: SiteConfig;
  readonly #token: string;
  #cookie = '';

  private constructor(dir: string, config: SiteConfig) {
    this.#child = spawn(process.execPath, ['cli/main.ts', 'run', dir], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.config = config;
    this.url = `http://127.0.0.1:${config.listen.webPort}`;
    this.#token = readFileSync(join(dir, 'keys', 'service.token'), 'utf8').trim();
  }

  static async start(dir: string, config: SiteConfig): Promise<RunningSite> {
    const site = new RunningSite(dir, config);
    await new Promise<void>((resolve, reject) => {
      const lines = createInterface({ input: site.#child.stdout ?? process.stdin });
      lines.on('line', (line) => line.startsWith('Wiesengrund: http') && resolve());
      lines.on('close', () => reject(new Error(`${dir} ended before it was ready`)));
    });
    return site;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGINT');
    await once(this.#child, 'exit');
  }

  async post(path: string, body: unknown): Promise<Response> {
    const headers = { 'content-type': 'application/json', origin: this.url, cookie: this.#cookie };
    const response = await fetch(`${this.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    const cookies = response.headers.getSetCookie().map((text) => text.split(';')[0]);
    if (cookies.length > 0) this.#cookie = cookies.join('; ');
    return response;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.url}${path}`, { headers: { cookie: this.#cookie } })).json()) as T;
  }

  async log(): Promise<LogEntry[]> {
    const entries: LogEntry[] = [];
    const headers = { authorization: `Bearer ${this.#token}` };
    for (let after = 0; ; ) {
      const url = `http://127.0.0.1:${this.config.listen.logPort}/log?after=${after}&limit=1000`;
      const page = (await (await fetch(url, { headers })).json()) as LogPage;
      if (page.entries.length === 0) return entries;
      entries.push(...page.entries);
      after = page.next;
    }
  }
}

/** With three entries in its ledger. */
async function newSite(dir: string): Promise<{ config: SiteConfig; adminToken: string }> {
  const [webPort = 0, mqttPort = 0, mqttWsPort = 0, logPort = 0] = await freePorts(4);
  const listen = { host: '127.0.0.1', webPort, mqttPort, mqttWsPort, logPort };
  const place = { zone: 'Europe/Vienna', currency: 'EUR', locale: 'en' };
  const made = createSite(dir, { name: 'Wiesengrund', ...place, listen, nowMs: Date.now() });
  await using db = await openDatabase(join(dir, 'data', 'community.db'));
  for (let n = 1; n <= 3; n++) {
    const charge = { community: made.config.community.id, currency: 'EUR', machine: MEMBER, member: MEMBER, endMs: n };
    const session = `01900000-0000-7000-8000-00000000000${n}`;
    const entry = sessionEntry({ ...charge, session, runningS: 600, pricePerHour: '1200' }, '2026-10', sha256);
    if (entry !== null) await db.transaction().execute((tx) => postEntry(tx, entry));
  }
  return made;
}

const hashesOf = (entries: readonly LogEntry[]) => new Map(entries.map(({ seq, hash }) => [seq, hash]));

it('has in its new place everything that was acknowledged before the backup, and takes what came after it again', async () => {
  const [old, fresh, backups] = ['old', 'fresh', 'backups'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(backups);
  const { config, adminToken } = await newSite(old);
  let site = await RunningSite.start(old, config);
  try {
    const ida = { name: 'Ida', email: 'ida@example.org', password: PASSWORD };
    await site.post('/api/v1/auth/accept', { token: adminToken, ...ida });
    await site.post('/api/auth/sign-in/email', { email: ida.email, password: PASSWORD });
    expect(await site.get<BackupState>('/api/v1/backup')).toMatchObject({ isNeeded: true, isDue: false, newest: null });
    const { edge, secret } = (await (await site.post('/api/v1/edges', { name: 'cellar' })).json()) as {
      edge: { id: string };
      secret: string;
    };
    const load = new LoadEdge(secret, edge.id);
    const stopLoad = new AbortController();
    const sending = (async () => {
      // The broker hears of a new edge a moment later.
      while (!stopLoad.signal.aborted) await load.run({ config }, config.listen, stopLoad.signal);
    })();
    const ackedAtLeast = (count: number) =>
      expect.poll(() => load.acked.size, { timeout: 60_000, interval: 10 }).toBeGreaterThan(count);
    await ackedAtLeast(500);
    const before = new Map(load.acked);
    const made = await commonworks('backup', 'create', old, backups, '--json');
    expect(made.err).toBe('');
    const { backup, log } = JSON.parse(made.out) as { backup: string; log: { head: number } };
    expect(log.head).toBeGreaterThanOrEqual(before.size);
    await ackedAtLeast(log.head + 200);
    expect(await site.get<BackupState>('/api/v1/backup')).toMatchObject({ newest: { folder: 'backups' } });
    const refused = await commonworks('backup', 'restore', backup, old, '--over');
    expect([refused.status, refused.err]).toEqual([1, expect.stringContaining('backup.site-running')]);
    stopLoad.abort();
    await sending;
    await site.stop();

    const restored = await commonworks('backup', 'restore', backup, fresh);
    expect([restored.status, restored.out]).toEqual([0, expect.stringContaining(`commonworks run ${fresh}`)]);
    const ledger = await commonworks('verify', '--site', fresh);
    expect([ledger.status, ledger.out]).toEqual([0, expect.stringMatching(/^consistent.*: 3 entries/)]);
    site = await RunningSite.start(fresh, config);
    const held = await site.log();
    expect(held).toHaveLength(log.head);
    for (const { body, hash } of held) expect(createHash('sha256').update(body).digest('hex')).toBe(hash);
    const hashes = hashesOf(held);
    for (const [seq, hash] of before) expect(hashes.get(seq)).toBe(hash);
    await site.post('/api/auth/sign-in/email', { email: ida.email, password: PASSWORD });
    expect(await site.get<{ roles: string[] }>('/api/v1/me')).toMatchObject({
      roles: expect.arrayContaining(['admin']),
    });
    expect(await site.get<BackupState>('/api/v1/backup')).toMatchObject({
      isDue: false,
      newest: { folder: 'backups' },
    });

    // What the edge still has of the time after the backup it sends again: nothing of it is lost.
    const all = new Map(load.acked);
    load.forgetMarks();
    const stopAgain = new AbortController();
    const again = load.run({ config }, config.listen, stopAgain.signal);
    await ackedAtLeast(all.size);
    stopAgain.abort();
    await again;
    const complete = await site.log();
    const [cursors, keys] = [new Set(complete.map(({ cursor }) => cursor)), hashesOf(complete)];
    expect(cursors.size).toBe(complete.length);
    expect(keys.size).toBe(complete.length);
    for (const [seq, hash] of all) expect(keys.get(seq)).toBe(hash);
    expect(readdirSync(backups).filter((name) => name.startsWith('.'))).toEqual([]);
  } finally {
    await site.stop();
  }
});
