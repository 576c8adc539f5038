/** Tells an edge its marks when it asks: once at a time, however often it asks meanwhile. */
import type { Mark } from '@commonworks/telemetry/log/pack-log.ts';

export type MarkTellerPorts = {
  readonly read: (edge: string) => Promise<readonly Mark[]>;
  readonly tell: (marks: readonly Mark[]) => void;
};

export type MarkTeller = {
  readonly ask: (edge: string) => void;
  /** Edges whose marks are being read: for each at most one more waits. */
  readonly asked: () => number;
};

export function createMarkTeller({ read, tell }: MarkTellerPorts): MarkTeller {
  const asked = new Map<string, { again: boolean }>();
  const ask = (edge: string): void => {
    const running = asked.get(edge);
    if (running !== undefined) {
      running.again = true;
      return;
    }
    const asking = { again: false };
    asked.set(edge, asking);
    read(edge)
      .then(tell)
      // It asks again with its next connection, and every commit tells a mark.
      .catch(() => undefined)
      .finally(() => {
        asked.delete(edge);
        if (asking.again) ask(edge);
      });
  };
  return { ask, asked: () => asked.size };
}
