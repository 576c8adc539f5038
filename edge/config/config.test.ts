import { readFileSync } from 'node:fs';
import { isCoded } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { listProfiles, loadProfile, parseProfile, profilePath } from '../profile/load.ts';
import { profileReadme } from '../profile/readme.ts';
import { parseEdgeConfig } from './load.ts';

const base = {
  community: '01900000-0000-7000-8000-000000000002',
  edge: '01900000-0000-7000-8000-000000000001',
  name: 'Roof',
  brokerUrl: 'mqtt://127.0.0.1',
  secretFile: 'secret',
  outboxFile: 'outbox.db',
};
const device = (name: string, unit: number, profile = 'eastron-sdm120') => ({
  device: name,
  title: name,
  profile,
  unit,
});
const bus = (devices: unknown[]) => ({ name: 'homes', kind: 'modbus-rtu-tcp', host: 'localhost', port: 502, devices });

function faultsOf(text: string): { code: string; faults: string[] } {
  try {
    parseEdgeConfig(text);
    return { code: '', faults: [] };
  } catch (error) {
    if (!isCoded(error)) throw error;
    return { code: error.code, faults: (error.detail['faults'] as string[] | undefined) ?? [] };
  }
}

describe('An edge configuration', () => {
  it('that is right is taken', () => {
    expect(faultsOf(stringify({ ...base, buses: [bus([device('home-1', 1), device('home-2', 2)])] })).code).toBe('');
  });

  it('that is not YAML says where', () => {
    expect(faultsOf('name: [').code).toBe('edge.config-yaml');
  });

  it('has all its schema faults reported together', () => {
    const { code, faults } = faultsOf(stringify({ ...base, edge: 'x', brokerUrl: 'http://x', extra: 1 }));
    expect(code).toBe('edge.config-invalid');
    expect(faults.join()).toMatch(/edge.*brokerUrl|brokerUrl.*edge/);
    expect(faults.length).toBeGreaterThanOrEqual(3);
  });

  it('has all its other faults reported together', () => {
    const devices = [
      device('home-1', 1),
      device('home-1', 1),
      device('home-3', 3, 'no-such-meter'),
      device('home-4', 4, 'dsmr-p1'),
      { ...device('home-5', 5), periodMs: 7000 },
    ];
    const { code, faults } = faultsOf(stringify({ ...base, buses: [bus(devices)] }));
    expect(code).toBe('edge.config-invalid');
    expect(faults).toHaveLength(5);
    expect(faults.join()).toContain('edge.profile-unknown');
  });
});

describe('A device profile', () => {
  it.each(listProfiles())('%s matches its schema and its folder', (name) => {
    expect(loadProfile(name).profile).toBe(name);
  });

  it('with faults names them all', () => {
    const text = stringify({ profile: 'x', version: 0, kind: 'modbus', points: { wattage: {} } });
    try {
      parseProfile(text, 'x');
      expect.unreachable();
    } catch (error) {
      if (!isCoded(error)) throw error;
      expect(error.code).toBe('edge.profile-invalid');
      expect(error.message).toContain('/version: must be >= 1');
      expect(error.message).toContain('/points/wattage: is not a known setting');
      expect(error.message).toContain('title, verified, source, bus');
    }
  });
});

describe('A device folder', () => {
  it.each(listProfiles())('%s has the README of its profile (npx commonworks edge docs)', (name) => {
    const readme = readFileSync(profilePath(name).replace('profile.yaml', 'README.md'), 'utf8');
    expect(readme).toBe(profileReadme(loadProfile(name)));
  });
});
