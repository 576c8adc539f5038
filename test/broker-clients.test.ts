/** Clients that are not ours speak to the broker with a credential: mosquitto_pub and mosquitto_sub. */
import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { type BrokerStatus, type EdgeStatus, encodePack, type LastValues, type LogPage } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import { type BrokerUnderTest, SECRET, SERVICE_TOKEN, startBroker } from './broker/broker-under-test.ts';

const run = promisify(execFile);
const PUB = '/usr/bin/mosquitto_pub';
const SUB = '/usr/bin/mosquitto_sub';
/** Else its words would wait in a buffer until it ends. */
const BY_LINE = ['-oL', SUB];

const at = (broker: BrokerUnderTest) => ['-h', '127.0.0.1', '-p', String(broker.addresses.mqttPort)];
const asEdge = (broker: BrokerUnderTest) => ['-u', broker.edge, '-P', SECRET];
const own = (broker: BrokerUnderTest, channel: string) => `${broker.community}/${broker.edge}/${channel}`;

function packOf(broker: BrokerUnderTest, seq: number): string {
  const sample = { device: 'home-1', point: 'importedWh', timeMs: Date.now(), value: 7.125, quality: 'good' } as const;
  return encodePack({
    edge: broker.edge,
    epoch: broker.otherEdge,
    seq,
    boot: broker.community,
    samples: [sample],
    events: [],
  });
}

/** Subscribes, and resolves with the first message once `act` has run. */
async function firstMessage(args: readonly string[], act: () => Promise<unknown>): Promise<string> {
  const child = spawn('/usr/bin/stdbuf', [...BY_LINE, ...args, '-C', '1', '-W', '15', '-d'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let acted: Promise<unknown> | null = null;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
    if (output.includes('SUBACK')) acted ??= act();
  });
  const [code] = (await once(child, 'exit')) as [number];
  await acted;
  if (code !== 0) throw new Error(`mosquitto_sub ended with ${code}: ${output}`);
  return output.split('\n').findLast((line) => line.startsWith('{') || line.startsWith('[')) ?? '';
}

describe('mosquitto clients', () => {
  it('publish a pack that is in the log when mosquitto_pub ends, and in the series', async () => {
    await using broker = await startBroker();
    const body = packOf(broker, 1);
    await run(PUB, [
      ...at(broker),
      ...asEdge(broker),
      '-i',
      broker.edge,
      '-q',
      '1',
      '-t',
      own(broker, 'data'),
      '-m',
      body,
    ]);
    const { entries } = await broker.get<LogPage>('/log?after=0');
    expect(entries.map((entry) => entry.body)).toEqual([body]);
    const { values } = await broker.get<LastValues>(`/series/last?edge=${broker.edge}`);
    expect(values.map((value) => value.value)).toEqual([7.125]);
  });

  it('publish without naming a client id', async () => {
    await using broker = await startBroker();
    await run(PUB, [...at(broker), ...asEdge(broker), '-q', '1', '-t', own(broker, 'data'), '-m', packOf(broker, 1)]);
    expect((await broker.get<BrokerStatus>('/status')).marks[0]?.seq).toBe(1);
  });

  it('are refused with a wrong secret', async () => {
    await using broker = await startBroker();
    const args = [...at(broker), '-u', broker.edge, '-P', 'wrong', '-t', own(broker, 'live'), '-m', '{}'];
    await expect(run(PUB, args)).rejects.toThrow(/not authorised|Not authorized/i);
  });

  it('see the live lane while the durable lane is stored: two lanes, one of them never stored', async () => {
    await using broker = await startBroker();
    const live = JSON.stringify({ device: 'home-1', timeMs: 1, values: {} });
    const watch = [...at(broker), '-u', 'rita', '-P', SECRET, '-t', `${broker.community}/+/live`];
    const publishLive = () => run(PUB, [...at(broker), ...asEdge(broker), '-t', own(broker, 'live'), '-m', live]);
    expect(await firstMessage(watch, publishLive)).toBe(live);
    expect((await broker.get<LogPage>('/log?after=0')).entries).toEqual([]);
  });

  it('get a retained status, and the will of an edge that vanished', async () => {
    await using broker = await startBroker();
    const status: EdgeStatus = {
      state: 'online',
      sinceMs: 1,
      boot: randomUUID(),
      version: '1',
      devices: [],
      backlog: 0,
    };
    const args = [...at(broker), ...asEdge(broker), '-q', '1', '-r', '-t', own(broker, 'status')];
    await run(PUB, [...args, '-m', JSON.stringify(status)]);
    const watch = [...at(broker), '-u', 'service', '-P', SERVICE_TOKEN, '-t', `${broker.community}/+/status`];
    expect(JSON.parse(await firstMessage(watch, async () => undefined))).toEqual(status);
    const will = JSON.stringify({ ...status, state: 'offline' });
    const willArgs = [
      '--will-topic',
      own(broker, 'status'),
      '--will-payload',
      will,
      '--will-retain',
      '--will-qos',
      '1',
    ];
    const edge = spawn('/usr/bin/stdbuf', [
      ...BY_LINE,
      ...at(broker),
      ...asEdge(broker),
      '-i',
      broker.edge,
      '-t',
      own(broker, 'cmd'),
      '-d',
      ...willArgs,
    ]);
    await new Promise<void>((resolve) =>
      edge.stdout.on('data', (chunk: Buffer) => String(chunk).includes('SUBACK') && resolve()),
    );
    const watching = firstMessage([...watch, '-R'], async () => edge.kill('SIGKILL'));
    expect(JSON.parse(await watching)).toMatchObject({ state: 'offline' });
  });

  it('receive the mark of what they published', async () => {
    await using broker = await startBroker();
    const watch = [...at(broker), ...asEdge(broker), '-i', broker.edge, '-q', '1', '-t', own(broker, 'mark')];
    const pack = packOf(broker, 1);
    const publish = () =>
      run(PUB, [...at(broker), ...asEdge(broker), '-q', '1', '-t', own(broker, 'data'), '-m', pack]);
    const hash = createHash('sha256').update(pack).digest('hex');
    expect(JSON.parse(await firstMessage(watch, publish))).toMatchObject({ epoch: broker.otherEdge, seq: 1, hash });
  });
});
