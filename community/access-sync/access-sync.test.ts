/** The list of who may connect: its version rises with its content, and it is sent until it is taken. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AccessDocument } from '@commonworks/core';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { COMMUNITY, EDGE, openTestDatabase } from '../http/test-community.ts';
import { currentAccess } from './access-document.ts';
import { hashSecret, newSecret } from './secret-hash.ts';
import { startAccessSync } from './sync-access.ts';

describe('the document', () => {
  it('has the edges of the register, and a new version only for new content', async () => {
    await using db = await openTestDatabase();
    const first = await currentAccess(db, COMMUNITY);
    expect(Value.Check(AccessDocument, first)).toBe(true);
    expect(first).toMatchObject({
      version: 1,
      community: COMMUNITY,
      principals: [{ user: EDGE, role: 'edge', enabled: true }],
    });
    expect(await currentAccess(db, COMMUNITY)).toEqual(first);
    await db.updateTable('edge').set({ enabled: 0 }).execute();
    expect(await currentAccess(db, COMMUNITY)).toMatchObject({ version: 2, principals: [{ enabled: false }] });
  });

  it('keeps of a secret what checks it, in the form the broker reads', () => {
    const secret = newSecret();
    const [name, salt, hash] = hashSecret(secret).split('$');
    expect([name, secret.length]).toEqual(['sha256', 43]);
    expect(createHash('sha256').update(`${salt}\n${secret}`).digest('base64url')).toBe(hash);
  });
});

describe('the sync', () => {
  it('retries, overtakes a broker that is ahead, and sends again when told', async () => {
    await using db = await openTestDatabase();
    let held = 7;
    let failures = 1;
    const puts: number[] = [];
    const broker = createServer(async (request, response) => {
      if (request.headers.authorization !== 'Bearer token') return void response.writeHead(401).end();
      if (request.url === '/status') return void response.end(JSON.stringify({ accessVersion: held }));
      let text = '';
      for await (const chunk of request) text += chunk;
      if (failures-- > 0) return void response.writeHead(500).end();
      const { version } = JSON.parse(text) as AccessDocument;
      puts.push(version);
      if (version < held) return void response.writeHead(409).end('{}');
      held = version;
      response.end(JSON.stringify({ version }));
    });
    broker.listen(0, '127.0.0.1');
    await once(broker, 'listening');
    const faults: (string | null)[] = [];
    const stop = new AbortController();
    const url = `http://127.0.0.1:${(broker.address() as AddressInfo).port}`;
    const sync = startAccessSync(
      {
        ...{ db, community: COMMUNITY, log: { url, token: 'token' }, now: () => 1 },
        onFault: (fault) => faults.push(fault?.code ?? null),
      },
      stop.signal,
    );
    const waiting = { timeout: 5000, interval: 10 };
    await expect.poll(() => sync.state().isCurrent, waiting).toBe(true);
    expect(puts).toEqual([1, 8]);
    expect(faults).toEqual(['access.sync-failed', null]);
    await db.updateTable('edge').set({ enabled: 0 }).execute();
    sync.push();
    expect(sync.state().isCurrent).toBe(false);
    await expect.poll(() => puts, waiting).toEqual([1, 8, 9]);
    stop.abort();
    broker.closeAllConnections();
    broker.close();
  });
});
