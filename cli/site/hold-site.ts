/** One run of a site at a time, said before anything is started. */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { platform } from 'node:os';
import { CodedError } from '@commonworks/core';

/**
 * Holds the site until this process ends, however it ends: a name of Linux's abstract sockets leaves no file behind.
 * Elsewhere nothing is held; the databases still refuse a second owner.
 * @throws CodedError `site.already-running`.
 */
export async function holdSite(dir: string): Promise<void> {
  if (platform() !== 'linux') return;
  mkdirSync(dir, { recursive: true });
  const name = `\0commonworks/${createHash('sha256').update(realpathSync(dir)).digest('hex')}`;
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new CodedError('site.already-running', `another process runs the site in ${dir}`, { cause }));
    });
    server.listen(name, resolve);
  });
  server.unref();
}
