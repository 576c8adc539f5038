/** Makes the series of packs that are in the log already: placed as they were, with nothing said of them again. */
import type { Sample } from '@commonworks/core';
import { ClockEvent, decodePack, isCoded, type LogEntry, type Pack, placePack } from '@commonworks/core';
import type { SeriesSample } from '@commonworks/telemetry/port.ts';
import { Value } from 'typebox/value';

export type BootOffsets = Map<string, number>;

/** The offsets that a pack tells, the newest of each boot. */
export function noteClocks(pack: Pack, offsets: BootOffsets): void {
  for (const { type, body } of pack.events) {
    if (type !== 'clock' || !Value.Check(ClockEvent, body) || !Number.isFinite(body.offsetMs)) continue;
    offsets.set(`${pack.edge}/${body.boot}`, body.offsetMs);
  }
}

export function decodedOrNull(body: Uint8Array): Pack | null {
  try {
    return decodePack(body).pack;
  } catch (error) {
    if (!isCoded(error, 'core.pack-malformed')) throw error;
    return null;
  }
}

/**
 * What of a pack stands in the series. `isWaiting`: part of it still waits for a time. A pack that came to a hub whose
 * clock was not known, and waits no more, was judged by a better one: nothing of it is refused here.
 */
export function replayedSamples(
  { pack, entry, isWaiting }: { pack: Pack; entry: LogEntry; isWaiting: boolean },
  offsets: BootOffsets,
): SeriesSample[] {
  const offsetMs = offsets.get(`${pack.edge}/${pack.boot}`) ?? null;
  const isHubTrusted = entry.isHubTrusted !== false;
  const newestMs = Math.max(0, ...pack.samples.map(({ timeMs }) => timeMs));
  const receivedMs = isHubTrusted || isWaiting ? entry.receivedMs : Math.max(entry.receivedMs, newestMs);
  const time = { offsetMs, receivedMs, isHubTrusted };
  const { placed } = placePack({ ...pack, events: [] }, time);
  return placed.samples.map((sample) => withEdge(sample, pack.edge));
}

function withEdge(sample: Sample, edge: string): SeriesSample {
  // JSON knows -0; a register does not.
  return { ...sample, edge, value: sample.value === 0 ? 0 : sample.value };
}
