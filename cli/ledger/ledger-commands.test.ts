/** The ledger's commands on a site: export, verify, head, and settling through the server. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '@commonworks/community/database.ts';
import { postEntry } from '@commonworks/community/ledger/post-entry.ts';
import { sha256 } from '@commonworks/community/ledger/sha256.ts';
import { sessionEntry } from '@commonworks/core/ledger/index.ts';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { register as ledger } from '../commands/ledger.ts';
import { register as settle } from '../commands/settle.ts';
import { register as verify } from '../commands/verify.ts';
import { createSite } from '../site/create-site.ts';
import { siteFiles } from '../site/site-files.ts';

const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const listen = { host: '127.0.0.1', webPort: 1, mqttPort: 1, mqttWsPort: 1, logPort: 1 };

let folder = '';
let site = '';
let output = '';
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-cli-'));
  site = join(folder, 'site');
  output = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
  process.exitCode = undefined;
  const { config } = createSite(site, {
    name: 'S',
    zone: 'Europe/Vienna',
    currency: 'EUR',
    locale: 'en',
    listen,
    nowMs: 1,
  });
  await using db = await openDatabase(database());
  for (let n = 1; n <= 3; n++) {
    const charge = {
      community: config.community.id,
      currency: 'EUR',
      session: uuid(n),
      machine: uuid(8),
      member: uuid(9),
      endMs: n,
    };
    const entry = sessionEntry({ ...charge, runningS: 600, pricePerHour: '1200' }, '2026-10', sha256);
    if (entry !== null) await db.transaction().execute((tx) => postEntry(tx, entry));
  }
});
afterEach(() => {
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});
const database = () => join(siteFiles(site).data, 'community.db');

async function run(...words: string[]): Promise<{ output: string; exitCode: number }> {
  output = '';
  process.exitCode = undefined;
  const program = new Command('commonworks').exitOverride().configureOutput({ writeErr: () => {} });
  for (const register of [ledger, settle, verify]) register(program);
  for (const command of [program, ...program.commands]) command.exitOverride();
  await program.parseAsync(['node', 'commonworks', ...words]);
  const exitCode = Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  return { output, exitCode };
}

describe('verify', () => {
  it.each(['bundle.ndjson', 'bundle.ndjson.gz'])('proves an export (%s) with a head printed earlier', async (name) => {
    const file = join(folder, name);
    const head = JSON.parse((await run('ledger', 'head', '--site', site, '--json')).output) as { hash: string };
    await run('ledger', 'export', '--site', site, '--out', file);
    expect(await run('verify', file)).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('origin unproven'),
    });
    const anchored = await run('verify', file, '--head', head.hash, '--json');
    expect(JSON.parse(anchored.output)).toMatchObject({ verdict: 'anchored', anchor: 3, entries: 3, fault: null });
    expect(await run('verify', file, '--head', 'a'.repeat(64))).toMatchObject({ exitCode: 1 });
  });

  it('names the line of an export that was changed', async () => {
    const file = join(folder, 'bundle');
    await run('ledger', 'export', '--site', site, '--out', file);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"runningS":600', '"runningS":601'));
    expect(await run('verify', file)).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('broken, line 2: entry 1'),
    });
  });

  it('checks a site while its database is open elsewhere, its table of postings too', async () => {
    await using _server = await openDatabase(database());
    expect(await run('verify', '--site', site)).toMatchObject({ exitCode: 0 });
    const raw = new DatabaseSync(database());
    raw.exec('DROP TRIGGER ledger_posting_no_update; UPDATE ledger_posting SET amount = amount * 2 WHERE position = 2');
    raw.close();
    expect(await run('verify', '--site', site)).toMatchObject({
      exitCode: 1,
      output: 'broken: the postings of entry 2 are not those of the entry\n',
    });
  });

  it('is told what to check, and says when it is not there', async () => {
    await expect(run('verify')).rejects.toMatchObject({ exitCode: 2 });
    await expect(run('verify', 'x', '--head', 'abc')).rejects.toMatchObject({ exitCode: 2 });
    await expect(run('verify', join(folder, 'none'))).rejects.toMatchObject({ code: 'cli.file-unreadable' });
    await expect(run('verify', '--site', folder)).rejects.toMatchObject({ code: 'site.not-found' });
  });
});

describe('settle', () => {
  it('asks the server with the service token and passes its refusal on', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization?.length}`);
      response.statusCode = request.method === 'POST' ? 409 : 200;
      response.setHeader('content-type', 'application/json');
      response.end(
        request.method === 'POST' ? '{"code":"community.period-open","detail":"2026-10 is not over yet"}' : '[]',
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : 0;
      const config = siteFiles(site).config;
      writeFileSync(config, readFileSync(config, 'utf8').replace('webPort: 1', `webPort: ${port}`));
      await expect(run('settle', 'run', '2026-10', '--site', site)).rejects.toMatchObject({
        code: 'community.period-open',
      });
      expect((await run('settle', 'list', '--site', site)).output).toBe('nothing is settled yet\n');
      expect(asked).toEqual(['POST /api/v1/settlements 50', 'GET /api/v1/settlements 50']);
    } finally {
      server.close();
    }
    await expect(run('settle', 'list', '--site', site)).rejects.toMatchObject({ code: 'cli.server-unreachable' });
  });
});
