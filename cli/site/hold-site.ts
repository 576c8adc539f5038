/** One run of a site at a time, said before anything is started. */
import { mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { platform } from 'node:os';
import { CodedError } from '@commonworks/core';

/**
 * Holds the site until it is let go or this process ends, however it ends: a name of Linux's abstract sockets leaves no file behind.
 * Elsewhere nothing is held; the databases still refuse a second owner.
 * @throws CodedError `site.already-running`.
 */
export async function holdSite(dir: string): Promise<() => void> {
  if (platform() !== 'linux') return () => undefined;
  mkdirSync(dir, { recursive: true });
  // The folder itself, not its path: two containers may share a network and have each their own /site.
  const { dev, ino } = statSync(dir, { bigint: true });
  const name = `\0commonworks/site/${dev}/${ino}`;
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') resolve();
      else reject(new CodedError('site.already-running', `another process runs the site in ${dir}`, { cause }));
    });
    server.listen(name, resolve);
  });
  server.unref();
  return () => void server.close();
}
