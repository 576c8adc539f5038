/** A folder that is being filled is gone when its program is told to stop. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind at %s', async (signal) => {
  const folder = mkdtempSync(join(tmpdir(), 'staging-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const script = `import { writeFileSync } from 'node:fs';
    import { openStaging } from ${JSON.stringify(join(import.meta.dirname, 'staging.ts'))};
    const { path } = await openStaging(${JSON.stringify(folder)}, '.unfinished-');
    writeFileSync(path + '/half', 'half');
    setInterval(() => undefined, 1000);
    process.stdout.write('made');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await once(child.stdout, 'data');
  expect(readdirSync(folder)).toHaveLength(1);
  child.kill(signal);
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
  expect(readdirSync(folder)).toEqual([]);
});
