/** The broker and time: it answers who asks, and judges no stamp by a clock that it does not know to be right. */
import { randomUUID } from 'node:crypto';
import { confirmTime } from '@commonworks/clock/keep-hub-time.ts';
import type { BrokerStatus, DeadLetterPage, LogPage, SeriesRange, TimeAnswer } from '@commonworks/core';
import { encodePack } from '@commonworks/core';
import { expect, it, onTestFinished } from 'vitest';
import { type BrokerUnderTest, SECRET, startBroker } from './broker/broker-under-test.ts';
import { type HubUnderTest, hubUnderTest } from './broker/hub-under-test.ts';
import { RawMqtt } from './broker/raw-mqtt.ts';

const HOUR = 3_600_000;
const WAIT_MS = 60_000;

async function start(clock: { offsetMs: number; isSynchronised: boolean }) {
  const hub = await hubUnderTest(clock);
  const broker = await startBroker({}, { hub });
  onTestFinished(async () => {
    await broker[Symbol.asyncDispose]();
    hub.end();
  });
  const { edge, addresses } = broker;
  const login = { clientId: edge, username: edge, password: Buffer.from(SECRET) };
  const mqtt = await RawMqtt.login(addresses.mqttPort, login);
  onTestFinished(() => void mqtt.socket.destroy());
  return { hub, broker, mqtt };
}
type Started = Awaited<ReturnType<typeof start>>;

const EPOCH = randomUUID();
const BOOT = randomUUID();
const BEGAN_MS = Date.now() - 60_000;

async function sendPacks({ broker, mqtt }: Started, count: number, stampMs: (seq: number) => number): Promise<void> {
  const topic = `${broker.community}/${broker.edge}/data`;
  const acked = () => mqtt.packets.filter((packet) => packet.cmd === 'puback').length;
  const before = acked();
  for (let seq = before + 1; seq <= before + count; seq++) {
    const sample = { device: 'meter', point: 'importedWh', timeMs: stampMs(seq), value: seq, quality: 'good' } as const;
    const payload = encodePack({ edge: broker.edge, epoch: EPOCH, seq, boot: BOOT, samples: [sample], events: [] });
    mqtt.send({ cmd: 'publish', topic, payload, qos: 1, messageId: seq, dup: false, retain: false });
  }
  await mqtt.until(() => acked() === before + count, WAIT_MS);
}

async function readings(broker: BrokerUnderTest): Promise<number> {
  const query = `edge=${broker.edge}&device=meter&point=importedWh&fromMs=0&toMs=${Date.now() + 24 * HOUR}`;
  return (await broker.get<SeriesRange>(`/series?${query}`)).timesMs.length;
}
const letters = async (broker: BrokerUnderTest) =>
  (await broker.get<DeadLetterPage>('/dead-letters')).letters.map(({ code }) => code);
const waiting = async (broker: BrokerUnderTest) => (await broker.get<BrokerStatus>('/status')).waiting;

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (!(await isSo())) if (performance.now() > end) throw new Error('it did not come to be in time');
}

it.each<[string, (hub: HubUnderTest) => Promise<unknown>]>([
  ['its clock is set', (hub) => hub.setWall(0)],
  ['its time service has set it', async (hub) => await hub.setWall(0).then(() => hub.setSynchronised(true))],
  [
    'a person confirms the time',
    (hub) => confirmTime(hub.dir, hub, { browserMs: Date.now(), roundTripMs: 4, by: 'Olga' }),
  ],
])('a hub two hours behind that does not know the time loses no reading: all are there when %s', async (_, mend) => {
  const started = await start({ offsetMs: -2 * HOUR, isSynchronised: false });
  const { broker, hub } = started;
  await sendPacks(started, 20, (seq) => BEGAN_MS + seq * 1000);
  expect([await readings(broker), await letters(broker)]).toEqual([0, []]);
  expect(await waiting(broker)).toMatchObject([{ edge: broker.edge, reason: 'hub', packs: 20 }]);
  await mend(hub);
  await until(async () => (await readings(broker)) === 20);
  expect([await waiting(broker), await letters(broker)]).toEqual([[], []]);
  expect((await broker.get<LogPage>('/log')).entries.every((entry) => entry.isHubTrusted === false)).toBe(true);
});

it.each<[string, (hub: HubUnderTest) => Promise<unknown>]>([
  [
    'a person confirms another',
    (hub) => confirmTime(hub.dir, hub, { browserMs: Date.now(), roundTripMs: 4, by: 'Olga' }),
  ],
  // Twenty minutes: by then a time service has measured the clock anew.
  ['its time service vouches for what it was set to', (hub) => hub.pass(20 * 60_000)],
])(
  'takes back what it refused by a clock that was thought right once %s; a stamp truly ahead stays refused',
  async (_, mend) => {
    const started = await start({ offsetMs: -2 * HOUR, isSynchronised: true });
    const { broker, hub } = started;
    await sendPacks(started, 20, (seq) => BEGAN_MS + seq * 1000);
    await sendPacks(started, 1, () => BEGAN_MS + 3 * HOUR);
    expect([await readings(broker), (await letters(broker)).length]).toEqual([0, 21]);
    await hub.setWall(0);
    await mend(hub);
    await until(async () => (await readings(broker)) === 20);
    expect(await letters(broker)).toEqual(['broker.time-outside-window']);
  },
);

it('places the packs of a boot when its clock is told, and again with a better one for those that come later', async () => {
  const started = await start({ offsetMs: 0, isSynchronised: true });
  const { broker, mqtt } = started;
  await sendPacks(started, 3, (seq) => seq * 1000);
  expect(await waiting(broker)).toMatchObject([{ reason: 'boot', packs: 3 }]);
  const clock = async (seq: number, offsetMs: number) => {
    const event = { device: 'edge', type: 'clock', timeMs: BEGAN_MS, body: { boot: BOOT, offsetMs } };
    const payload = encodePack({ edge: broker.edge, epoch: EPOCH, seq, boot: BOOT, samples: [], events: [event] });
    const topic = `${broker.community}/${broker.edge}/data`;
    mqtt.send({ cmd: 'publish', topic, payload, qos: 1, messageId: seq, dup: false, retain: false });
  };
  await clock(4, BEGAN_MS - 100_000);
  await until(async () => (await readings(broker)) === 3);
  await clock(5, BEGAN_MS - 99_000);
  await mqtt.until(() => mqtt.packets.filter((packet) => packet.cmd === 'puback').length === 5, WAIT_MS);
  await sendPacks(started, 1, (seq) => seq * 1000);
  const query = `edge=${broker.edge}&device=meter&point=importedWh&fromMs=0&toMs=${Date.now()}`;
  const { timesMs } = await broker.get<SeriesRange>(`/series?${query}`);
  expect(timesMs.map((timeMs) => timeMs - BEGAN_MS)).toEqual([-99_000, -98_000, -97_000, -93_000]);
});

const answers = (mqtt: RawMqtt): TimeAnswer[] =>
  mqtt.packets.flatMap((packet) => {
    if (packet.cmd !== 'publish' || !packet.topic.endsWith('/time')) return [];
    const value: unknown = JSON.parse(packet.payload.toString());
    return isAnswer(value) ? [value] : [];
  });

it('answers an edge that asks for the time with its own, what that is worth, and never more than 20 times a second', async () => {
  const { broker, mqtt, hub } = await start({ offsetMs: -2 * HOUR, isSynchronised: false });
  const base = `${broker.community}/${broker.edge}`;
  mqtt.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${base}/time`, qos: 0 }] });
  await mqtt.until(() => mqtt.packets.some((packet) => packet.cmd === 'suback'), WAIT_MS);
  const ask = (payload: string) =>
    mqtt.send({ cmd: 'publish', topic: `${base}/ask`, payload, qos: 0, dup: false, retain: false });
  for (const malformed of ['', '{', '{"id":"x"}', JSON.stringify({ id: 'y'.repeat(300), sentMs: 1 })]) ask(malformed);
  ask(JSON.stringify({ id: 'one', sentMs: 12.5 }));
  await mqtt.until(() => answers(mqtt).length === 1, WAIT_MS);
  const [first] = answers(mqtt);
  expect(first).toMatchObject({ id: 'one', sentMs: 12.5, isTrusted: false });
  expect(Math.abs((first?.receivedMs ?? 0) - (Date.now() - 2 * HOUR))).toBeLessThan(WAIT_MS);
  await confirmTime(hub.dir, hub, { browserMs: Date.now(), roundTripMs: 4, by: 'Olga' });
  for (let i = 0; i < 200; i++) ask(JSON.stringify({ id: `many-${i}`, sentMs: i }));
  ask(JSON.stringify({ id: 'last', sentMs: 0 }));
  const topic = `${base}/data`;
  const payload = encodePack({ edge: broker.edge, epoch: EPOCH, seq: 1, boot: BOOT, samples: [], events: [] });
  mqtt.send({ cmd: 'publish', topic, payload, qos: 1, messageId: 9, dup: false, retain: false });
  await mqtt.until(() => mqtt.packets.some((packet) => packet.cmd === 'puback'), WAIT_MS);
  const many = answers(mqtt).filter(({ id }) => id !== 'one');
  expect(many.length).toBeGreaterThan(0);
  expect(many.length).toBeLessThanOrEqual(40);
  expect(many[0]).toMatchObject({ isTrusted: true });
  expect(Math.abs((many[0]?.receivedMs ?? 0) - Date.now())).toBeLessThan(WAIT_MS);
});

function isAnswer(value: unknown): value is TimeAnswer {
  if (typeof value !== 'object' || value === null) return false;
  return ['sentMs', 'receivedMs', 'answeredMs', 'errorMs'].every(
    (field) => typeof Reflect.get(value, field) === 'number',
  );
}
