/** A prepared demo site: seed and agents fit the schemas and each other, secrets are private, twice changes nothing. */
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QUARTER_HOUR_MS } from '@commonworks/core';
import { parseSeed } from '@commonworks/core/seed.ts';
import { expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { METERED_DEVICES } from '../world/cast.ts';
import { createWorld, type World } from '../world/world.ts';
import { prepareDemoSite, readDemoConfig } from './prepare-demo-site.ts';

const BADGE_KEY = '0f'.repeat(32);
const ORIGIN = Date.UTC(2026, 8, 30, 22);

async function prepared(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'demo-site-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const folder of ['keys', 'data', 'edges']) mkdirSync(join(dir, folder));
  writeFileSync(join(dir, 'keys', 'badge.key'), BADGE_KEY);
  const site = {
    community: {
      id: '01a2082a-987d-7580-9fac-bed8136fae9a',
      name: 'Test',
      zone: 'Europe/Vienna',
      currency: 'EUR',
      locale: 'en',
    },
    listen: { host: '127.0.0.1', webPort: 0, mqttPort: 1, mqttWsPort: 0, logPort: 0 },
    demo: { seed: 1, speed: 1, originMs: ORIGIN },
  };
  writeFileSync(join(dir, 'site.yaml'), stringify(site));
  await prepareDemoSite(dir);
  return dir;
}

const yaml = (...path: string[]) => parse(readFileSync(join(...path), 'utf8'));

it('seeds connections that carry whatever the world lets flow, in June and in January', async () => {
  const { meteringPoints } = parseSeed(yaml(await prepared(), 'seed.yaml'));
  for (const startMs of [Date.UTC(2026, 5, 10), Date.UTC(2026, 0, 10)]) {
    const world = createWorld({ seed: 1, startMs, zone: 'Europe/Vienna' });
    const rows = meteringPoints.map(({ assignments, ratedPowerW }) => {
      const device = METERED_DEVICES.find((one) => one === assignments[0]?.device) ?? 'grid-1';
      return { device, ratedPowerW, before: totalMwh(world, device) };
    });
    for (let quarter = 1; quarter <= 7 * 96; quarter++) {
      world.advanceTo(startMs + quarter * QUARTER_HOUR_MS);
      for (const row of rows) {
        const total = totalMwh(world, row.device);
        // A quarter of an hour at 1 W is 250 mWh.
        expect((total - row.before) / 250, row.device).toBeLessThanOrEqual(row.ratedPowerW ?? 0);
        row.before = total;
      }
    }
  }
});

function totalMwh(world: World, device: (typeof METERED_DEVICES)[number]): number {
  const { imported, exported } = world.registers(device);
  return imported.mwh + exported.mwh;
}

it('writes a seed that the community accepts, with every metered device assigned to one point', async () => {
  const dir = await prepared();
  const seed = parseSeed(yaml(dir, 'seed.yaml'));
  const devices = seed.meteringPoints.flatMap((point) => point.assignments.map((assignment) => assignment.device));
  expect(devices.toSorted()).toEqual([...METERED_DEVICES].toSorted());
  const sold = seed.transfers.filter((transfer) => transfer.from === 'community');
  const issued = seed.transfers.find((transfer) => transfer.from === 'issue')?.shares ?? 0;
  expect(sold.reduce((sum, transfer) => sum + transfer.shares, 0)).toBeLessThanOrEqual(issued);
  expect(seed.bookings.length).toBeGreaterThan(20);
  expect(new Set(seed.members.flatMap((member) => member.roles))).toEqual(
    new Set(['member', 'operator', 'treasurer', 'admin']),
  );
});

it('hashes the makers cards as the agents do: HMAC over the bytes of the UID', async () => {
  const dir = await prepared();
  const seed = parseSeed(yaml(dir, 'seed.yaml'));
  const uid = Buffer.from(readDemoConfig(dir).cards['ben'] ?? '', 'hex');
  expect(uid).toHaveLength(4);
  const hash = createHmac('sha256', Buffer.from(BADGE_KEY, 'hex')).update(uid).digest('hex');
  expect(seed.badges.map((badge) => badge.badge)).toContain(hash);
});

it('gives the agents the wires of the world, and keeps every secret private', async () => {
  const dir = await prepared();
  const { ports } = readDemoConfig(dir);
  const roof = yaml(dir, 'edges', 'roof.yaml');
  expect(roof.buses.map((bus: { port: number }) => bus.port)).toEqual([ports.pv, ports.battery, ports.homesLine]);
  expect(new Set(Object.values(ports)).size).toBe(Object.keys(ports).length);
  for (const file of ['demo-logins.json', 'seed.yaml', 'edges/roof.secret', 'edges/workshop.secret']) {
    expect(statSync(join(dir, file)).mode & 0o077, file).toBe(0);
  }
});

it('leaves a prepared site alone', async () => {
  const dir = await prepared();
  const texts = () =>
    readdirSync(dir)
      .filter((file) => file.includes('.'))
      .map((file) => readFileSync(join(dir, file), 'utf8'));
  const before = texts();
  await prepareDemoSite(dir);
  expect(texts()).toEqual(before);
});
