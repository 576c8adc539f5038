/** What a restart of the broker keeps: access, statuses, marks, cursors; and that a site has one broker. */
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { BrokerStatus, EdgeStatus } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import { hashSecret } from '../broker/access/secret-hash.ts';
import { RawMqtt } from './broker/raw-mqtt.ts';
import {
  type BrokerProcess,
  type BrokerSite,
  getJson,
  newBrokerSite,
  putAccess,
  startBrokerProcess,
} from './peers/broker-process.ts';

const EDGE = randomUUID();

async function login(broker: BrokerProcess, user: string, secret: string): Promise<RawMqtt> {
  return RawMqtt.login(broker.mqttPort, { clientId: user, username: user, password: Buffer.from(secret) });
}

async function admit(site: BrokerSite, broker: BrokerProcess): Promise<void> {
  const principal = { user: EDGE, role: 'edge', secretHash: hashSecret('s'), enabled: true };
  await putAccess(site, broker, { version: 7, community: site.config.community.id, principals: [principal] });
}

function savedStatuses(dir: string): number {
  using db = new DatabaseSync(`${dir}/data/broker.db`, { readOnly: true });
  return Number(db.prepare('SELECT count(*) AS n FROM edge_status').get()?.['n']);
}

describe('after a restart', () => {
  it('the edges log in from the saved access document, and a last status is offline until its edge is back', async () => {
    using site = newBrokerSite();
    const topic = `${site.config.community.id}/${EDGE}/status`;
    const status: EdgeStatus = {
      state: 'online',
      sinceMs: 1,
      boot: randomUUID(),
      version: '1',
      devices: [],
      backlog: 3,
    };
    let broker = await startBrokerProcess(site);
    await admit(site, broker);
    const edge = await login(broker, EDGE, 's');
    edge.send({
      cmd: 'publish',
      topic,
      payload: JSON.stringify(status),
      qos: 1,
      messageId: 1,
      retain: true,
      dup: false,
    });
    await edge.until(() => edge.packets.some((packet) => packet.cmd === 'puback'));
    // The status is saved behind the acknowledgement.
    await edge.until(() => savedStatuses(site.dir) === 1);
    await broker.stop('SIGKILL');
    broker = await startBrokerProcess(site);
    expect((await getJson<BrokerStatus>(site, broker, '/status')).accessVersion).toBe(7);
    expect((await login(broker, EDGE, 's')).returnCode).toBe(0);
    const service = await login(broker, 'service', site.token);
    service.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] });
    await service.until(() => service.packets.some((packet) => packet.cmd === 'publish'));
    const retained = service.packets.find((packet) => packet.cmd === 'publish');
    const restored = retained?.cmd === 'publish' ? JSON.parse(retained.payload.toString()) : null;
    expect(restored).toMatchObject({ ...status, state: 'offline', sinceMs: expect.any(Number) });
    await broker.stop();
  });
});

describe('a broker does not start', () => {
  const ends = (site: BrokerSite, code: string) => expect(startBrokerProcess(site)).rejects.toThrow(code);

  it('beside another one of the same site', async () => {
    using site = newBrokerSite();
    const first = await startBrokerProcess(site);
    await ends(site, 'telemetry.database-in-use');
    await first.stop();
    await (await startBrokerProcess(site)).stop();
  });

  it('on a database of a newer version', async () => {
    using site = newBrokerSite();
    await (await startBrokerProcess(site)).stop();
    const db = new DatabaseSync(`${site.dir}/data/telemetry.db`);
    db.exec('PRAGMA user_version = 999; CREATE TABLE of_a_newer_version (x)');
    db.close();
    await ends(site, 'telemetry.schema-newer');
  });

  it('without a site, or on a port that is taken', async () => {
    using site = newBrokerSite();
    await ends({ ...site, dir: '/nowhere' }, 'broker.config-invalid');
  });
});
