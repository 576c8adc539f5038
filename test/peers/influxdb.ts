/** A real InfluxDB 1.x (Debian's) on a free port; its folder outlives a stop, so that an outage can be played. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPeer } from './process.ts';

export type InfluxdbPeer = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the process, keeps the data. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type InfluxdbOptions = {
  /** A folder of an earlier start, to continue with its data. */
  readonly dir?: string;
  /** The port of an earlier start; a free one otherwise. */
  readonly port?: number;
  /** Ask for a log-in; the first admin is made through an open query. */
  readonly hasLogin?: true;
};

/** Disposing ends the process and removes its folder, unless the folder was given. */
export async function startInfluxdb({ dir, port = 0, hasLogin }: InfluxdbOptions = {}): Promise<InfluxdbPeer> {
  const home = dir ?? (await mkdtemp(join(tmpdir(), 'commonworks-influxdb-')));
  await mkdir(home, { recursive: true });
  const configFile = join(home, 'influxdb.conf');
  await writeFile(configFile, configText(home, { port, hasLogin: hasLogin ?? false }));
  const peer = await startPeer('/usr/bin/influxd', ['-config', configFile], {
    ready: /msg="Listening on HTTP".* addr=127\.0\.0\.1:(\d+)/,
    package: 'influxdb',
  });
  return {
    url: `http://127.0.0.1:${peer.found}`,
    port: Number(peer.found),
    pid: peer.pid,
    stop: peer.stop,
    [Symbol.asyncDispose]: async () => {
      await peer.stop();
      if (dir === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}

function configText(home: string, { port, hasLogin }: { port: number; hasLogin: boolean }): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "${join(home, 'meta')}"
[data]
  dir = "${join(home, 'data')}"
  wal-dir = "${join(home, 'wal')}"
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
  auth-enabled = ${hasLogin}
`;
}
