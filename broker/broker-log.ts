/** Where the broker says what happened: the part of pino that it uses, and a filter against floods. */
import type { Clock } from '@commonworks/core';

export type BrokerLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;

const SILENCE_MS = 60_000;
const KINDS_MAX = 1000;

/** Says the same warning of the same user or address once a minute; the next one tells how many there were. */
export function withoutRepeats(log: BrokerLog, now: Clock): BrokerLog {
  const seen = new Map<string, { sinceMs: number; count: number }>();
  const warn = (fields: object, message: string) => {
    const { user, address, code } = fields as Record<string, unknown>;
    const kind = [code, user, address, message].join(' ');
    const known = seen.get(kind);
    if (known !== undefined && Math.abs(now() - known.sinceMs) < SILENCE_MS) {
      known.count += 1;
      return;
    }
    if (seen.size >= KINDS_MAX) seen.clear();
    seen.set(kind, { sinceMs: now(), count: 0 });
    log.warn(known === undefined || known.count === 0 ? fields : { ...fields, repeated: known.count }, message);
  };
  return { info: log.info.bind(log), error: log.error.bind(log), warn };
}
