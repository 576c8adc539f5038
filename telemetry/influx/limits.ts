/** Every limit of the projection in one place; tests shorten the waits. */
export const PROJECTION_LIMITS = {
  /** Packs read at once: at most 64 kB each, 13 MB together. */
  entriesMax: 200,
  /** Points in one request, as InfluxDB's documentation advises. */
  pointsMax: 5000,
  /** Series and reasons of refusals kept for GET /status; all points are counted. */
  lettersMax: 100,
  /** Pause after reading an empty log. */
  idleMs: 250,
  backOffMinMs: 250,
  backOffMaxMs: 60_000,
  /** A server that asks for more than this is asked again all the same. */
  retryAfterMaxMs: 300_000,
  requestMs: 10_000,
} as const;

export type ProjectionLimits = { readonly [Name in keyof typeof PROJECTION_LIMITS]: number };

/** Doubles from backOffMinMs to backOffMaxMs; what the server asked for goes first. */
export function backOffMs(attempt: number, retryAfterMs: number | null, limits: ProjectionLimits): number {
  if (retryAfterMs !== null) return Math.min(retryAfterMs, limits.retryAfterMaxMs);
  return Math.min(limits.backOffMinMs * 2 ** Math.min(attempt - 1, 20), limits.backOffMaxMs);
}
