/** A real VictoriaMetrics (Debian's) on a free port: it takes /api/v2/write and exports what it stored. */
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPeer } from './process.ts';

export type VictoriaMetricsPeer = {
  readonly url: string;
  readonly stop: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export async function startVictoriaMetrics(): Promise<VictoriaMetricsPeer> {
  const home = await mkdtemp(join(tmpdir(), 'commonworks-victoria-'));
  const args = ['-httpListenAddr=127.0.0.1:0', `-storageDataPath=${home}`, '-retentionPeriod=36'];
  const peer = await startPeer('/usr/bin/victoria-metrics', args, {
    ready: /starting http server at (http)/,
    package: 'victoria-metrics',
  });
  return {
    url: `http://127.0.0.1:${await listeningPort(peer.pid)}`,
    stop: peer.stop,
    [Symbol.asyncDispose]: async () => {
      await peer.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** It does not say which free port it took: its listening socket is looked up in /proc. */
async function listeningPort(pid: number): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const inodes = new Set<string>();
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      const link = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      inodes.add(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '');
    }
    for (const line of (await readFile('/proc/net/tcp', 'utf8')).split('\n')) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === '0A' && inode !== undefined && inodes.has(inode))
        return Number.parseInt(local?.split(':')[1] ?? '', 16);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('victoria-metrics opened no port');
}
