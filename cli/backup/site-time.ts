/** The hub's time for a command beside the site: the same the site's own processes go by. */
import { openHubTime } from '@commonworks/clock/hub-time.ts';
import { hubTimeKind, type SiteConfig } from '@commonworks/core';

export type SiteTime = { readonly nowMs: number; readonly isKnown: boolean };

export async function siteTime(config: SiteConfig, dataDir: string): Promise<SiteTime> {
  const stop = new AbortController();
  try {
    const hub = await openHubTime({ kind: hubTimeKind(config), dir: dataDir, signal: stop.signal });
    return { nowMs: hub.now(), isKnown: hub.state().isTrusted };
  } finally {
    stop.abort();
  }
}

/** As it stands in names of folders: no colons, which some file systems refuse. */
export function stamp(timeMs: number): string {
  return new Date(timeMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
}
