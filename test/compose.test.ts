/** docker-compose.yml and the Dockerfile, as far as they can be proven without a container engine. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROCESS_NAMES } from '@commonworks/cli/container/processes.ts';
import { setUpSite } from '@commonworks/cli/container/set-up-site.ts';
import { parseSiteConfig } from '@commonworks/core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { carryOut, parseDockerfile, topLevel } from './dockerfile-steps.ts';

const ROOT = join(import.meta.dirname, '..');
const SECRETS = {
  INFLUX_ADMIN_PASSWORD: 'first-secret',
  INFLUX_TOKEN: 'second-secret',
  GRAFANA_ADMIN_PASSWORD: 'third-secret',
};

type Service = {
  image?: string;
  command?: string[];
  restart?: string;
  healthcheck?: { test: string[]; interval: string };
  environment?: Record<string, string>;
  volumes?: string[];
  network_mode?: string;
};
type Compose = { services: Record<string, Service>; volumes: Record<string, unknown> };

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe('docker-compose.yml', () => {
  let home: string;
  let compose: Compose;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'commonworks-compose-'));
    const { status, stdout, stderr } = config(Object.entries(SECRETS).map(([name, value]) => `${name}=${value}`));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    compose = parse(stdout) as Compose;
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  function config(lines: readonly string[]) {
    const file = join(home, 'env');
    writeFileSync(file, `${lines.join('\n')}\n`);
    const env = { PATH: process.env['PATH'], HOME: home };
    return spawnSync('docker-compose', ['--env-file', file, 'config'], { cwd: ROOT, env, encoding: 'utf8' });
  }

  it('has every part of the community, and says which image each is, to the version', () => {
    const names = ['network', 'setup', ...PROCESS_NAMES, 'influxdb', 'grafana'];
    expect(Object.keys(compose.services).sort()).toEqual(names.sort());
    for (const [name, { image }] of Object.entries(compose.services)) {
      expect(image, name).toMatch(/^[a-z/]+:\d+\.\d+\.\d+$/);
    }
  });

  it('checks the health of every service that stays, and starts it again when it falls', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      if (name === 'setup') expect(service.restart).toBe('no');
      else {
        expect(service.restart, name).toBe('unless-stopped');
        expect(service.healthcheck?.test[0], name).toBe('CMD');
      }
    }
    for (const name of PROCESS_NAMES) {
      expect(compose.services[name]?.command).toEqual(['container', 'start', name]);
      expect(compose.services[name]?.healthcheck?.test.slice(-2)).toEqual(['health', name]);
    }
  });

  it('keeps what must last in volumes', () => {
    expect(Object.keys(compose.volumes).sort()).toEqual(['grafana-data', 'influxdb-config', 'influxdb-data', 'site']);
    for (const name of PROCESS_NAMES) expect(compose.services[name]?.volumes).toEqual(['site:/site:rw']);
  });

  it('holds no secret of its own, and says what to do when one is missing', () => {
    const found = Object.entries(compose.services).flatMap(([name, { environment = {} }]) =>
      Object.entries(environment)
        .filter(([key]) => /PASSWORD|TOKEN|AUTH/.test(key))
        .map(([key, value]) => [`${name} ${key}`, value.replace(/^Token /, '')] as const),
    );
    expect(found.length).toBe(5);
    for (const [key, value] of found) expect(Object.values(SECRETS), key).toContain(value);
    for (const missing of Object.keys(SECRETS)) {
      const lines = Object.entries(SECRETS).map(([name, value]) => `${name}=${name === missing ? '' : value}`);
      const { status, stderr } = config(lines);
      expect(status).not.toBe(0);
      expect(stderr).toContain('.env.example');
    }
  });

  it('.env.example names every variable that is used, and no other', () => {
    const used = [...read('docker-compose.yml').matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1]);
    const named = [...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1]);
    expect([...new Set(used)].sort()).toEqual(named.sort());
  });

  it('publishes to this machine alone unless told otherwise', () => {
    const published = [...read('docker-compose.yml').matchAll(/^ {6}- "(.*:\d+)"$/gm)].map((match) => match[1] ?? '');
    expect(published.length).toBe(5);
    for (const port of published) expect(port).toMatch(/^\$\{BIND:-127\.0\.0\.1\}:/);
  });
});

describe('the site of the containers', () => {
  it('is a demo made once, with InfluxDB as a target; what is there already stays as it is', async () => {
    const dir = join(await mkdtemp(join(tmpdir(), 'commonworks-container-')), 'site');
    const env = {
      COMMONWORKS_INFLUX_URL: 'http://influxdb:8086',
      COMMONWORKS_INFLUX_DATABASE: 'commonworks',
      COMMONWORKS_INFLUX_ORG: 'commonworks',
    };
    expect(await setUpSite(dir, env)).toBe('made');
    const text = readFileSync(join(dir, 'site.yaml'), 'utf8');
    expect(parseSiteConfig(parse(text)).influx).toEqual([
      {
        name: 'main',
        api: 'v2',
        url: 'http://influxdb:8086',
        database: 'commonworks',
        org: 'commonworks',
        tokenFile: 'COMMONWORKS_INFLUX_TOKEN',
      },
    ]);
    expect(await setUpSite(dir, { ...env, COMMONWORKS_INFLUX_URL: 'http://elsewhere:8086' })).toBe('kept');
    expect(readFileSync(join(dir, 'site.yaml'), 'utf8')).toBe(text);
    await rm(join(dir, '..'), { recursive: true });
  });
});

describe('the Dockerfile', () => {
  const steps = parseDockerfile(read('Dockerfile'));

  it('runs the Node that the project pins, and nobody as root', () => {
    const { dependencies, workspaces } = JSON.parse(read('package.json')) as {
      dependencies: Record<string, string>;
      workspaces: string[];
    };
    const froms = steps.filter((step) => step.word === 'FROM').map((step) => step.rest);
    for (const from of froms) expect(from).toContain(`node:${dependencies['node']}-`);
    expect(steps.filter((step) => step.word === 'USER')).toEqual([{ word: 'USER', rest: 'node' }]);
    const copied = steps.filter((step) => step.word === 'COPY').map((step) => step.rest);
    for (const workspace of workspaces) expect(copied).toContain(`${workspace}/package.json ${workspace}/`);
  });

  // Installs every package anew: minutes, so only in the long run (LONG=1).
  it.skipIf(process.env['LONG'] !== '1')(
    'its steps, carried out in an empty folder, give an image whose broker starts (long run: needs LONG=1)',
    async () => {
      const into = await mkdtemp(join(tmpdir(), 'commonworks-image-'));
      onTestFinished(() => rm(into, { recursive: true, force: true }));
      const image = carryOut(steps, { context: ROOT, into });
      const app = join(image, 'app');
      expect(topLevel(app)).not.toContain('test');
      expect(existsSync(join(app, 'node_modules/@biomejs/biome'))).toBe(false);
      expect(existsSync(join(app, 'dashboard/dist/index.html'))).toBe(true);
      const site = join(image, 'site');
      const setUp = spawnSync('node', ['cli/main.ts', 'container', 'setup', '--site', site], {
        cwd: app,
        encoding: 'utf8',
      });
      expect(setUp.stderr).toBe('');
      await startsAndStops(app, site);
    },
    900_000,
  );
});

/** The world is the clock: it goes first. Both are ended by their ids. */
async function startsAndStops(app: string, site: string): Promise<void> {
  const start = (name: string) => {
    const args = ['cli/main.ts', 'container', 'start', name, '--site', site];
    return spawn('node', args, { cwd: app, stdio: ['ignore', 'pipe', 'inherit'] });
  };
  const world = start('world');
  await ready(world.stdout);
  const broker = start('broker');
  try {
    await ready(broker.stdout);
    const health = ['cli/main.ts', 'container', 'health', 'broker', '--site', site];
    expect(spawnSync('node', health, { cwd: app }).status).toBe(0);
    const ended = once(broker, 'exit');
    broker.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  } finally {
    broker.kill('SIGKILL');
    world.kill('SIGTERM');
  }
}

async function ready(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output })) if (line.includes('"msg":"ready"')) return;
  throw new Error('the process ended before it was ready');
}
