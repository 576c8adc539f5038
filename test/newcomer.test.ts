/** The command line as a newcomer uses it: a real, empty site from nothing to the first admin; and the mistakes on the way. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { freePorts } from '../demo/site/free-ports.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'commonworks-newcomer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function commonworks(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/main.ts', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

type Made = { adminLink: string; listen: { webPort: number } };

/** Ports of their own: a demo may run beside the tests. */
async function initSite(name: string): Promise<{ dir: string; made: Made }> {
  const dir = join(folder, name);
  const flags = ['--web-port', '--mqtt-port', '--mqtt-ws-port', '--log-port'];
  const free = await freePorts(flags.length);
  const ports = flags.flatMap((flag, i) => [flag, String(free[i])]);
  const { out, err } = commonworks('init', dir, '--name', 'Wiesengrund', ...ports, '--json');
  expect(err).toBe('');
  return { dir, made: JSON.parse(out) as Made };
}

describe('a newcomer', () => {
  it('makes a site whose secrets only they can read', async () => {
    const { dir, made } = await initSite('fresh');
    expect(made.adminLink).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/setup\?token=[\w-]{32}$/);
    for (const file of ['service.token', 'community.key.pem', 'badge.key', 'auth.secret', 'admin.token']) {
      expect(statSync(join(dir, 'keys', file)).mode & 0o777).toBe(0o600);
    }
    expect(readFileSync(join(dir, 'keys', 'admin.token'), 'utf8')).not.toContain(made.adminLink.slice(-32));
  });

  it('runs it, becomes admin by the link once, and finds an empty community', async () => {
    const { dir, made } = await initSite('run');
    const child = spawn(process.execPath, ['cli/main.ts', 'run', dir], { cwd: ROOT });
    try {
      await lineMatching(child.stdout, /^Wiesengrund: http/);
      const url = `http://127.0.0.1:${made.listen.webPort}`;
      const token = new URL(made.adminLink).searchParams.get('token');
      const accept = (): Promise<Response> =>
        fetch(`${url}/api/v1/auth/accept`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: url },
          body: JSON.stringify({ token, name: 'Ida', email: 'ida@example.org', password: 'a long enough password' }),
        });
      expect((await accept()).status).toBeLessThan(300);
      const second = await accept();
      expect(second.status).toBeGreaterThanOrEqual(400);
      expect(await second.json()).toMatchObject({ code: expect.stringMatching(/^auth\./) });
      const signIn = await fetch(`${url}/api/auth/sign-in/email`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: url },
        body: JSON.stringify({ email: 'ida@example.org', password: 'a long enough password' }),
      });
      const cookie = signIn.headers
        .getSetCookie()
        .map((text) => text.split(';')[0])
        .join('; ');
      const me = (await (await fetch(`${url}/api/v1/me`, { headers: { cookie } })).json()) as { roles: string[] };
      expect(me.roles).toContain('admin');
      expect(await (await fetch(`${url}/api/v1/machines`, { headers: { cookie } })).json()).toEqual([]);
      expect((await fetch(url)).headers.get('content-type')).toMatch(/text\/html/);
    } finally {
      child.kill('SIGINT');
    }
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(0);
  });

  it('stops all of it by ending the npx that it was started with', async () => {
    const { dir } = await initSite('ended');
    const child = spawn('npx', ['commonworks', 'run', dir], { cwd: ROOT });
    const exited = once(child, 'exit');
    try {
      await lineMatching(child.stdout, /^Wiesengrund: http/);
      child.kill('SIGTERM');
      await exited;
      await expect.poll(() => runningIn(dir), { timeout: 30_000, interval: 200 }).toEqual([]);
    } finally {
      for (const pid of runningIn(dir)) process.kill(pid, 'SIGKILL');
    }
  });

  it('is told which port is taken and what to do, and that a site runs already', async () => {
    const { dir, made } = await initSite('taken');
    const other = createServer().listen(made.listen.webPort, '127.0.0.1');
    await once(other, 'listening');
    const child = spawn(process.execPath, ['cli/main.ts', 'run', dir], { cwd: ROOT });
    try {
      await lineMatching(child.stdout, new RegExp(`cannot listen on 127.0.0.1:${made.listen.webPort}`));
      await lineMatching(child.stdout, /^ +Stop the program that uses it/);
      const second = commonworks('run', dir);
      expect([second.status, second.err]).toEqual([1, expect.stringContaining('site.already-running')]);
      // What failed for the port is started again and again: with the port it works.
      other.close();
      await lineMatching(child.stdout, /^Wiesengrund: http/);
    } finally {
      child.kill('SIGINT');
    }
    await once(child, 'exit');
  });

  it.each([
    [['run', '/nowhere/at/all'], 1, 'site.not-found'],
    [['init', ROOT], 1, 'site.exists'],
    [['init', join(folder, 'zone'), '--zone', 'Mars/Olympus'], 1, 'site.zone-unknown'],
    [['init', join(folder, 'zone'), '--zone', 'Europe/Viena'], 1, 'did you mean Europe/Vienna?'],
    [['verify', '/nowhere'], 1, 'cli.file-unreadable'],
    [['backup', 'create', '/nowhere', tmpdir()], 1, 'site.not-found'],
    [['backup', 'list', '/nowhere'], 1, 'backup.not-found'],
    [['backup', 'verify', tmpdir()], 1, 'backup.not-found'],
    [['backup', 'restore', '/nowhere', join(folder, 'restored')], 1, 'backup.not-found'],
    [['allocate', '--method', 'pro-rata', '--in', '/nowhere', '--out', '-'], 1, 'cli.file-unreadable'],
  ])('is told the code and the remedy after %j', (args, status, code) => {
    const result = commonworks(...args);
    expect(result.err).toContain(code);
    expect(result.err).toMatch(/remedy {2}\S/);
    expect(result.status).toBe(status);
  });

  it.each([
    [['init']],
    [['backup', 'create', 'x']],
    [['backup', 'create', 'x', 'y', '--keep', '0']],
    [['nonsense']],
    [['run', '--nonsense', 'x']],
    [['demo', 'run', '--speed', '0']],
  ])('gets exit code 2 and a way out after %j', (args) => {
    const result = commonworks(...args);
    expect(result.status).toBe(2);
    expect(result.err).toMatch(/error: /);
  });

  it('finds the version, and help on every level', () => {
    expect(commonworks('--version')).toMatchObject({ status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    for (const args of [
      ['--help'],
      ['demo', '--help'],
      ['demo', 'run', '--help'],
      ['ledger', '--help'],
      ['edge', '--help'],
      ['backup', 'create', '--help'],
    ]) {
      const result = commonworks(...args);
      expect(result.status, args.join(' ')).toBe(0);
      expect(result.out).toMatch(/^Usage: commonworks/);
    }
  });

  it('reads every fault of a broken site.yaml at once', async () => {
    const { dir } = await initSite('broken');
    const file = join(dir, 'site.yaml');
    writeFileSync(
      file,
      readFileSync(file, 'utf8')
        .replace('currency: EUR', 'currency: euro')
        .replace(/webPort: \d+/, 'webPort: many'),
    );
    const { err, status } = commonworks('run', dir);
    expect(status).toBe(1);
    expect(err).toMatch(/\/community\/currency.*\/listen\/webPort/s);
    writeFileSync(file, 'community: [');
    expect(commonworks('run', dir).err).toContain('site.yaml-malformed');
  });

  it('cannot run a demo as if it were real', async () => {
    const { dir } = await initSite('demo');
    writeFileSync(join(dir, 'demo-logins.json'), '{}');
    expect(commonworks('run', dir).err).toContain('site.is-demo');
  });

  it('cannot throw away with --reset what is no demo', async () => {
    const { dir } = await initSite('treasure');
    const result = commonworks('demo', 'run', '--dir', dir, '--reset');
    expect([result.status, result.err]).toEqual([1, expect.stringContaining('site.not-demo')]);
    expect(statSync(join(dir, 'keys', 'community.key.pem')).size).toBeGreaterThan(0);
  });
});

/** Processes of the site in this folder, by their command lines; npx itself is not one of them. */
function runningIn(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        const line = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
        return line.includes(dir) && !line[0]?.startsWith('npm ');
      } catch {
        return false;
      }
    })
    .map(Number);
}

function lineMatching(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream });
    const seen: string[] = [];
    lines.on('line', (line) => {
      seen.push(line);
      if (pattern.test(line)) resolve(line);
    });
    lines.on('close', () => reject(new Error(`ended without ${pattern}:\n${seen.join('\n')}`)));
  });
}
