/** An instant as ISO 8601 in local time with its offset. */

/** Zones of today are whole minutes from UTC. */
export function isoLocal(timeMs: number, offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const offset = `${offsetMs < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
  return `${new Date(timeMs + offsetMs).toISOString().slice(0, 19)}${offset}`;
}
