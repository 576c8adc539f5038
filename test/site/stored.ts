/** Reads what a stopped site holds, straight from its files: no code of the pipeline takes part. */
import { DatabaseSync } from 'node:sqlite';

export function withDatabase<T>(file: string, read: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

/** Counter values of the packs' bodies, in mWh, by `device point time`; the bodies are read as JSON, not by our decoder. */
export function countersOf(bodies: Iterable<string>): Map<string, number> {
  const counters = new Map<string, number>();
  for (const body of bodies) {
    const records = JSON.parse(body) as { n: string; t?: number; v?: number }[];
    for (const { n, t, v } of records) {
      if (t === undefined || v === undefined || !/\/(im|ex)portedWh$/.test(n)) continue;
      counters.set(`${n.replace('/', ' ')} ${Math.round(t * 1000)}`, Math.round(v * 1000));
    }
  }
  return counters;
}
