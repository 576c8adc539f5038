/** What the time services say, from fakes of them on the PATH: real programs, started and timed as on a gateway. */
import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readSystemSync } from './system-sync.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sync-'));
  vi.stubEnv('PATH', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A program that says `text` and ends with `code`. */
function put(program: string, text: string, code = 0): void {
  const file = join(folder, program);
  writeFileSync(file, `#!/bin/sh\necho '${text}'\nexit ${code}\n`);
  chmodSync(file, 0o755);
}

const read = (timeoutMs = 10_000) => readSystemSync({ timeoutMs, stampFile: join(folder, 'synchronized') });
const tracking = (changes: { reference?: string; stratum?: number; dispersion?: number; leap?: string } = {}) => {
  const { reference = 'A29FC87B', stratum = 3, dispersion = 0.001, leap = 'Normal' } = changes;
  return `${reference},162.159.200.123,${stratum},1763890200.1,0.0002,0.0001,0.0003,-12.5,0.01,0.05,0.02,${dispersion},64.5,${leap}`;
};

test('without a time service nobody vouches for the clock', async () => {
  expect(await read()).toEqual({ isSynchronised: false, service: null, errorMs: null });
});

test('chrony states its error: what it still corrects, half the delay and the dispersion', async () => {
  put('chronyc', tracking());
  const sync = await read();
  expect(sync).toMatchObject({ isSynchronised: true, service: 'chrony' });
  expect(sync.errorMs).toBeCloseTo(0.2 + 10 + 1, 6);
});

test.each([
  ['does not follow anybody', tracking({ leap: 'Not synchronised' })],
  ['follows its own clock only', tracking({ reference: '7F7F0101', stratum: 10 })],
  ['lost its sources long ago', tracking({ dispersion: 2.5 })],
  ['has never had one', tracking({ reference: '00000000', stratum: 0 })],
])('a chrony that %s does not vouch', async (_, text) => {
  put('chronyc', text);
  put('timedatectl', 'no');
  expect(await read()).toEqual({ isSynchronised: false, service: 'chrony', errorMs: null });
});

test('a chronyc that cannot reach its daemon leaves the word to systemd', async () => {
  put('chronyc', '506 Cannot talk to daemon', 1);
  put('timedatectl', 'yes');
  expect(await read()).toEqual({ isSynchronised: true, service: 'timesyncd', errorMs: null });
  put('timedatectl', 'no');
  expect(await read()).toEqual({ isSynchronised: false, service: 'timesyncd', errorMs: null });
});

test('without D-Bus the stamp of timesyncd counts while it is recent', async () => {
  put('timedatectl', 'Failed to connect to bus', 1);
  const stamp = join(folder, 'synchronized');
  writeFileSync(stamp, '');
  expect((await read()).isSynchronised).toBe(true);
  for (const agoS of [7200, -600]) {
    const at = Date.now() / 1000 - agoS;
    utimesSync(stamp, at, at);
    expect((await read()).isSynchronised).toBe(false);
  }
});

test('a program that never ends is cut off', async () => {
  const file = join(folder, 'chronyc');
  writeFileSync(file, '#!/bin/sh\nwhile :; do :; done\n');
  chmodSync(file, 0o755);
  expect((await read(50)).isSynchronised).toBe(false);
});
