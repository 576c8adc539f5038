/** Whether the packs in the log have the bytes that came, and the series say what some of them say. */
import type { DatabaseSync } from 'node:sqlite';
import { type LogEntry, MONOTONIC_LIMIT_MS } from '@commonworks/core';
import {
  auditKey,
  type Check,
  FAULTS_PER_SLICE_MAX,
  type Fault,
  keyParts,
  type Position,
  type Slice,
} from '@commonworks/core/audit/index.ts';
import { newestCursor } from '@commonworks/telemetry/log/log-identity.ts';
import { walkLog } from '@commonworks/telemetry/log/walk-log.ts';
import type { SeriesSample } from '@commonworks/telemetry/port.ts';
import type { SeriesReader } from '@commonworks/telemetry/series/series-reader.ts';
import { decodedOrNull, replayedSamples } from '../ingest/replay-packs.ts';
import type { InOneMoment } from './check-keys.ts';

const PACKS_MAX = 200;
/** A reading is looked up in about 20 microseconds; a pack has some hundred. */
const SAMPLED_PACKS = 3;
/** Of a round, evenly over the log: the next round takes others. */
const SAMPLES_PER_ROUND = 1000;
const READINGS_MAX = 10_000;
/** Steps in which the reader of the series catches up with what was committed since. */
const CATCH_UP_MAX = 100;

export function createBytesCheck(moment: InOneMoment, everyMs: number): Check {
  const look = ({ after }: Position): Slice => {
    const from = keyParts(after)[0] ?? 0;
    return moment((db) => {
      let checked = 0;
      let last = from;
      const faults: Fault[] = [];
      for (const step of walkLog(db, { after: from, head: newestCursor(db) })) {
        if (step.kind === 'end') return { next: { after: '', memo: '' }, isRound: true, checked, faults };
        last = step.kind === 'entry' ? step.entry.cursor : step.hole.toCursor;
        checked++;
        // A hole that is known is asked for again, and told by the log's own alarm.
        if (step.kind === 'hole' && step.isNew && faults.length < FAULTS_PER_SLICE_MAX) {
          const subject = `pack ${step.hole.fromCursor} of the log`;
          faults.push({ at: auditKey(last), subject, message: `${subject} is damaged or gone` });
        }
        if (checked >= PACKS_MAX) break;
      }
      return { next: { after: auditKey(last), memo: '' }, isRound: last === from, checked, faults };
    });
  };
  return { name: 'log-bytes', invariant: 'log-bytes', everyMs, look };
}

/** `memo`: the number of the round, so that each samples other packs. */
export function createSeriesCheck(moment: InOneMoment, reader: SeriesReader, everyMs: number): Check {
  const look = (from: Position): Slice => {
    const round = Number(from.memo || 0);
    const { entries, stride, isEnd } = moment((db) => sampledEntries(db, from, round));
    const faults: Fault[] = [];
    for (const entry of entries) {
      const message = seriesFault(entry, { reader, moment });
      if (message === 'later') return { next: from, isRound: false, checked: 0, faults: [], isSkipped: true };
      if (message !== null)
        faults.push({ at: auditKey(entry.cursor), subject: `pack ${entry.cursor} of the log`, message });
    }
    if (isEnd) return { next: { after: '', memo: String(round + 1) }, isRound: true, checked: entries.length, faults };
    const last = entries.at(-1)?.cursor ?? 0;
    return {
      next: { after: auditKey(last + stride), memo: from.memo },
      isRound: false,
      checked: entries.length,
      faults,
    };
  };
  return { name: 'series', invariant: 'series', everyMs, look };
}

function sampledEntries(db: DatabaseSync, { after }: Position, round: number) {
  const head = newestCursor(db);
  const stride = Math.floor((head * SAMPLED_PACKS) / SAMPLES_PER_ROUND);
  const from = keyParts(after)[0] ?? (stride === 0 ? 0 : (round * SAMPLED_PACKS) % stride);
  const entries: LogEntry[] = [];
  for (const step of walkLog(db, { after: from, head })) {
    if (step.kind === 'entry') entries.push(step.entry);
    if (entries.length >= SAMPLED_PACKS || step.kind === 'end') break;
  }
  return { entries, stride, isEnd: entries.length < SAMPLED_PACKS };
}

type From = { readonly reader: SeriesReader; readonly moment: InOneMoment };

/** What waits is not there yet; a time since boot was placed by the offset known then, which may have been bettered since. */
function seriesFault(entry: LogEntry, { reader, moment }: From): string | null {
  const pack = decodedOrNull(Buffer.from(entry.body));
  if (pack === null || moment((db) => isExplained(db, entry))) return null;
  const samples = pack.samples.filter(({ timeMs }) => timeMs >= MONOTONIC_LIMIT_MS);
  const expected = replayedSamples({ pack: { ...pack, samples }, entry, isWaiting: false }, new Map());
  for (const own of Map.groupBy(expected, ({ device, point }) => `${device}/${point}`).values()) {
    const fault = columnFault(reader, own);
    if (fault !== null) return fault;
  }
  return null;
}

function columnFault(reader: SeriesReader, samples: readonly SeriesSample[]): string | null {
  const [first] = samples;
  if (first === undefined) return null;
  const { edge, device, point } = first;
  const times = samples.map(({ timeMs }) => timeMs);
  const known = new Map<number, number | string | null>();
  let fromMs: number | null = Math.min(...times);
  const toMs = Math.max(...times) + 1;
  for (let steps = 0; fromMs !== null; steps++) {
    if (steps > CATCH_UP_MAX) return 'later';
    const page = reader.range({ key: { edge, device, point }, span: { fromMs, toMs }, limit: READINGS_MAX });
    if (page === null) continue;
    for (const [i, timeMs] of page.timesMs.entries()) known.set(timeMs, page.words?.[i] ?? page.values[i] ?? null);
    fromMs = page.next;
  }
  for (const { timeMs, value } of samples) {
    const when = new Date(timeMs).toISOString();
    if (!known.has(timeMs))
      return `${point} of ${device} at edge ${edge}, ${when}, is in the log and not in the series`;
    if (known.get(timeMs) !== value)
      return `${point} of ${device} at edge ${edge}, ${when}, has another value in the series`;
  }
  return null;
}

/** It waits for its time, or part of it was put aside, and a dead letter says so, or was pushed out since. */
function isExplained(db: DatabaseSync, { cursor, edge, epoch, seq }: LogEntry): boolean {
  const letter = db.prepare('SELECT 1 FROM dead_letter WHERE edge = ? AND epoch = ? AND seq = ?');
  const oldest = Number(db.prepare('SELECT min(id) AS id FROM dead_letter').get()?.['id'] ?? 1);
  const waits = db.prepare('SELECT 1 FROM unplaced WHERE cursor = ?').get(cursor);
  return waits !== undefined || letter.get(edge, epoch, seq) !== undefined || oldest > 1;
}
