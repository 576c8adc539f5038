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

describe('A misspelt setting', () => {
  const p1 = (link: unknown, more: object = {}) =>
    faultsOf(stringify({ ...base, p1: [{ device: 'home-9', title: 'Home 9', link, ...more }] })).faults;

  it.each([
    [
      { path: '/dev/ttyUSB0', baudrate: 115_200 },
      '/p1/0/link/baudrate: is not a known setting; did you mean baudRate?',
    ],
    [{ path: '/dev/ttyUSB0', baudRate: 115_200, speed: 1 }, '/p1/0/link/speed: is not a known setting'],
    [{ host: 'ser2net', port: 2001, baudRate: 9600 }, '/p1/0/link/baudRate: is not a known setting'],
    [{ host: 'ser2net', prot: 2001 }, '/p1/0/link/prot: is not a known setting; did you mean port?'],
  ])('in a link is one fault that names it and the settings there are: %j', (link, fault) => {
    const faults = p1(link);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
    expect(faults[0]).toMatch(/\(known: (host, port|path, baudRate, parity, stopBits)\)/);
  });

  it('of a bus is one fault of its own kind', () => {
    const line = { ...bus([device('home-1', 1)]), prt: 502 };
    const faults = faultsOf(stringify({ ...base, buses: [line, { ...line, kind: 'modbus', prt: undefined }] })).faults;
    expect(faults).toEqual([
      expect.stringContaining('/buses/0/prt: is not a known setting'),
      '/buses/1/kind: must be one of modbus-tcp, modbus-rtu-tcp, modbus-rtu',
    ]);
  });

  it('is told beside the faults of the values', () => {
    expect(p1({ host: '', port: 0 }).join('; ')).toMatch(/\/link\/host: .*\/link\/port: /);
    expect(p1('ttyUSB0')).not.toEqual([]);
  });

  it('of a zone is refused with the one that was meant; every name of a zone is taken', () => {
    const link = { host: 'ser2net', port: 2001 };
    expect(p1(link, { zone: 'Europe/Amsterdm' })).toEqual([
      'device home-9: Europe/Amsterdm is not a time zone; did you mean Europe/Amsterdam?',
    ]);
    for (const zone of ['Europe/Kyiv', 'Europe/Kiev']) expect(p1(link, { zone })).toEqual([]);
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
