/** An edge that was registered and never connects is an alarm, with the reason the broker has for it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uuidV7 } from '@commonworks/core';
import type { Alarm } from '@commonworks/core/api/index.ts';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { choosePorts } from '../cli/site/choose-ports.ts';
import { createSite } from '../cli/site/create-site.ts';
import { publicUrl } from '../cli/site/read-site.ts';
import { SupervisedProcess } from '../cli/supervisor/child-process.ts';
import { siteProcesses } from '../cli/supervisor/site-processes.ts';
import { hashSecret } from '../community/access-sync/secret-hash.ts';

const PATIENCE_MS = 120_000;
const SECRET = 'the-right-secret';
const events = { line: () => undefined, restarting: () => undefined };

/** Registered an hour ago: an id tells when it was made. */
const enrolled = (random: number) => uuidV7(Date.now() - 3_600_000, new Uint8Array(10).fill(random));

it('an enrolled edge never seen is an alarm with the broker’s reason, until it connects', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'never-seen-'));
  const dir = join(folder, 'site');
  const none = { webPort: 0, mqttPort: 0, mqttWsPort: 0, logPort: 0 };
  const listen = { host: '127.0.0.1', ...(await choosePorts('127.0.0.1', none)) };
  const { config } = createSite(dir, {
    ...{ name: 'Testhof', zone: 'Europe/Vienna', currency: 'EUR', locale: 'en', listen, nowMs: Date.now() },
  });
  const [roof, cellar] = [enrolled(1), enrolled(2)];
  const secretHash = hashSecret(SECRET);
  const edges = [
    { id: roof, name: 'roof', secretHash },
    { id: cellar, name: 'cellar', secretHash },
  ];
  const prices = { method: 'pro-rata', internalPrice: '12', gridPrice: '30', feedInPrice: '6' };
  const tariffs = [{ id: uuidV7(0, new Uint8Array(10)), fromMs: 0, ...prices }];
  const empty = { members: [], transfers: [], meteringPoints: [], tariffs, machines: [], badges: [], bookings: [] };
  writeFileSync(join(dir, 'seed.yaml'), stringify({ ...empty, edges }));
  const token = readFileSync(join(dir, 'keys', 'service.token'), 'utf8').trim();
  const alarmOf = async (name: string): Promise<Alarm | undefined> => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${publicUrl(config.listen)}/api/v1/alarms`, { headers });
    const alarms = (await response.json()) as Alarm[];
    return alarms.find(({ subject, code }) => subject === `edge ${name}` && code === 'live.edge-never-seen');
  };
  const waiting = { timeout: PATIENCE_MS, interval: 10 };
  const running: SupervisedProcess[] = [];
  const run = async (spec: ConstructorParameters<typeof SupervisedProcess>[0]) => {
    const process = new SupervisedProcess(spec, events);
    running.push(process);
    await process.ready;
    return process;
  };
  const agentFile = join(folder, 'roof.yaml');
  const agent = (secret: string) => {
    writeFileSync(join(folder, 'secret'), secret);
    const files = { secretFile: 'secret', outboxFile: 'outbox.db' };
    const brokerUrl = `mqtt://127.0.0.1:${listen.mqttPort}`;
    const ids = { community: config.community.id, edge: roof, name: 'roof' };
    writeFileSync(agentFile, stringify({ ...ids, brokerUrl, ...files }));
    return run({ name: 'edge roof', entry: 'edge/main.ts', args: ['--config', agentFile], env: {} });
  };
  try {
    for (const spec of siteProcesses(dir)) await run(spec);
    await expect
      .poll(() => alarmOf('cellar'), waiting)
      .toMatchObject({
        ...{ severity: 'alarm', untilMs: null },
        message: 'The edge cellar has never connected. Nobody with its id has tried to since the broker started.',
      });
    const wrong = await agent('not the secret');
    const reason =
      /^The edge roof has never connected\. The broker last refused it at \d\d:\d\d, from 127\.0\.0\.1: wrong secret\.$/;
    await expect.poll(async () => (await alarmOf('roof'))?.message, waiting).toMatch(reason);
    await wrong.stop();
    await agent(SECRET);
    await expect.poll(async () => (await alarmOf('roof'))?.untilMs ?? null, waiting).not.toBeNull();
    expect((await alarmOf('cellar'))?.untilMs).toBeNull();
  } finally {
    for (const process of running.reverse()) await process.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
