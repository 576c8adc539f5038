/** A hub whose clock can be wrong and be set, and whose time service answers as told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HubTime, openHubTime } from '@commonworks/clock/hub-time.ts';
import { kernelMs } from '@commonworks/clock/machine-time.ts';

export type HubUnderTest = HubTime & {
  readonly dir: string;
  /** Sets the machine's clock: real time plus this. */
  readonly setWall: (offsetMs: number) => Promise<void>;
  /** Lets this much time pass in no time. */
  readonly pass: (ms: number) => Promise<void>;
  readonly setSynchronised: (isSynchronised: boolean) => Promise<void>;
  readonly end: () => void;
};

export async function hubUnderTest(start: { offsetMs: number; isSynchronised: boolean }): Promise<HubUnderTest> {
  const dir = mkdtempSync(join(tmpdir(), 'commonworks-hub-'));
  const stop = new AbortController();
  const at = { ...start, passedMs: 0 };
  const hub = await openHubTime({
    ...{ kind: 'ask', dir, signal: stop.signal, chipFile: join(dir, 'no-chip'), lookEveryMs: 3_600_000 },
    wall: () => Date.now() + at.passedMs + at.offsetMs,
    up: () => kernelMs() + at.passedMs,
    readSync: async () => ({ isSynchronised: at.isSynchronised, service: 'timesyncd', errorMs: 1 }),
  });
  return {
    ...hub,
    dir,
    setWall: async (offsetMs) => {
      at.offsetMs = offsetMs;
      await hub.refresh();
    },
    pass: async (ms) => {
      at.passedMs += ms;
      await hub.refresh();
    },
    setSynchronised: async (isSynchronised) => {
      at.isSynchronised = isSynchronised;
      await hub.refresh();
    },
    end: () => {
      stop.abort();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
