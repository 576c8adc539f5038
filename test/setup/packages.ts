/** What the tests need from the system, and how Debian calls it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** `proof`: a file that is there exactly when the package is. */
const NEEDED = [
  { apt: 'mosquitto', proof: '/usr/sbin/mosquitto' },
  { apt: 'mosquitto-clients', proof: '/usr/bin/mosquitto_pub' },
  { apt: 'influxdb', proof: '/usr/bin/influxd' },
  { apt: 'victoria-metrics', proof: '/usr/bin/victoria-metrics' },
  { apt: 'chromium', proof: '/usr/bin/chromium' },
  { apt: 'socat', proof: '/usr/bin/socat' },
  { apt: 'gcc', proof: '/usr/bin/gcc' },
  { apt: 'libc6-dev', proof: '/usr/include/stdio.h' },
  { apt: 'libmodbus-dev', proof: '/usr/include/modbus/modbus.h' },
  { apt: 'python3-pymodbus', proof: '/usr/lib/python3/dist-packages/pymodbus' },
  // pymodbus loads these whatever wire it speaks, and Debian only recommends them.
  { apt: 'python3-serial', proof: '/usr/lib/python3/dist-packages/serial' },
  { apt: 'python3-serial-asyncio', proof: '/usr/lib/python3/dist-packages/serial_asyncio' },
  { apt: 'docker-compose', proof: '/usr/bin/docker-compose' },
] as const;

/** Installs what is missing, or says the exact command and stops. */
export function installPackages(): void {
  const missing = NEEDED.filter((item) => !existsSync(item.proof)).map((item) => item.apt);
  if (missing.length === 0) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || spawnSync('which', ['apt-get']).status !== 0) {
    throw new Error(`the tests need packages that are not here; run as root on Debian:\n\n  ${command}\n`);
  }
  process.stdout.write(`Installing for the tests: ${missing.join(' ')}\n`);
  execFileSync('sh', ['-c', command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // Debian starts services it installs; the tests start their own, on free ports and in folders of their own.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
  const still = NEEDED.filter((item) => !existsSync(item.proof)).map((item) => item.apt);
  if (still.length > 0) throw new Error(`still missing after the installation: ${still.join(' ')}`);
}
