/** Makes the demo's site: an ordinary site plus a simulated world's settings. */

import { localMonth, monthSpan, previousMonth } from '@commonworks/core';
import { choosePorts } from './choose-ports.ts';
import { createSite } from './create-site.ts';

const ZONE = 'Europe/Vienna';
const SEED = 2026;

export type DemoSettings = {
  readonly listen: string;
  readonly speed?: number;
  readonly seed?: number;
  readonly nowMs: number;
};

/** Its time begins with the last whole local month, so that a full statement is there from the start. */
export async function makeDemoSite(dir: string, settings: DemoSettings): Promise<void> {
  createSite(dir, {
    name: 'Sonnenhof',
    zone: ZONE,
    currency: 'EUR',
    locale: 'en',
    listen: { host: settings.listen, ...(await choosePorts(settings.listen)) },
    nowMs: settings.nowMs,
    demo: {
      seed: settings.seed ?? SEED,
      speed: settings.speed ?? 1,
      originMs: monthSpan(previousMonth(localMonth(settings.nowMs, ZONE)), ZONE).fromMs,
    },
  });
}
