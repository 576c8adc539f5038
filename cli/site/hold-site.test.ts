/** A second run of one site is refused; the end of the first, by whatever cause, frees it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { holdSite } from './hold-site.ts';

it('refuses a second run of a site, not of another one, and is free again after a kill', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hold-site-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const dir = join(folder, 'site');
  const script = `import { holdSite } from ${JSON.stringify(join(import.meta.dirname, 'hold-site.ts'))};
    await holdSite(${JSON.stringify(dir)});
    setInterval(() => undefined, 1000);
    process.stdout.write('held');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await once(child.stdout, 'data');
  await expect(holdSite(dir)).rejects.toMatchObject({ code: 'site.already-running' });
  await holdSite(join(folder, 'other'));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const letGo = await holdSite(dir);
  await expect(holdSite(dir)).rejects.toMatchObject({ code: 'site.already-running' });
  letGo();
  await holdSite(dir);
});
