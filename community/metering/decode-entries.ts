/** From packs with their times to what metering needs of them: registers, judged steps, powers and serial numbers. */
import {
  CounterEvent,
  IdentityEvent,
  intervalStart,
  isPowerW,
  isRegisterWh,
  mwhFromWh,
  qualityRank,
} from '@commonworks/core';
import { Value } from 'typebox/value';
import type { LogRecord } from './log-listener.ts';

/** One reading of one register, with the pack it came in. */
export type CounterReading = {
  readonly timeMs: number;
  readonly mwh: number;
  readonly quality: number;
  readonly epoch: string;
  readonly seq: number;
};

export type CounterStep = {
  readonly timeMs: number;
  readonly kind: CounterEvent['kind'];
  readonly beforeMwh: number;
  readonly afterMwh: number;
  readonly creditedMwh: number | null;
  readonly epoch: string;
  readonly seq: number;
};

export type SeriesNews = {
  readonly edge: string;
  readonly device: string;
  readonly point: string;
  readonly readings: CounterReading[];
  readonly steps: CounterStep[];
  /** When the newest of their packs came, by the hub's clock. */
  receivedMs: number;
};

/** The energy registers' readings and steps per series. Only usable readings count as an edge: good or estimated. */
export function counterNews(records: readonly LogRecord[]): SeriesNews[] {
  const all = new Map<string, SeriesNews>();
  const newsOf = ({ entry, pack: { edge } }: LogRecord, device: string, point: string): SeriesNews => {
    const key = `${edge}/${device}/${point}`;
    const known = all.get(key) ?? { edge, device, point, readings: [], steps: [], receivedMs: 0 };
    known.receivedMs = Math.max(known.receivedMs, entry.receivedMs);
    all.set(key, known);
    return known;
  };
  for (const record of records) {
    const { pack } = record;
    const { epoch, seq } = pack;
    for (const { device, point, timeMs, value, quality } of pack.samples) {
      if (point !== 'importedWh' && point !== 'exportedWh') continue;
      if (typeof value !== 'number' || !isRegisterWh(value) || (quality !== 'good' && quality !== 'estimated'))
        continue;
      const reading = { timeMs, mwh: mwhFromWh(value), quality: qualityRank(quality), epoch, seq };
      newsOf(record, device, point).readings.push(reading);
    }
    for (const { device, type, timeMs, body } of pack.events) {
      if (type !== 'counter' || !Value.Check(CounterEvent, body)) continue;
      const { point, kind, beforeMwh, afterMwh, creditedMwh } = body;
      newsOf(record, device, point).steps.push({ timeMs, kind, beforeMwh, afterMwh, creditedMwh, epoch, seq });
    }
  }
  return [...all.values()];
}

/** Of one quarter hour; sums of powers in mW and of their squares in W2, drawn and fed apart. */
export type PowerSlot = {
  readings: number;
  drawn_mw: number;
  fed_mw: number;
  drawn_w2: number;
  fed_w2: number;
  first_ms: number;
  last_ms: number;
};

/** A device's good powers, by the start of their quarter hour. */
export type PowerNews = {
  readonly edge: string;
  readonly device: string;
  readonly slots: Map<number, PowerSlot>;
};

/** Of a megawatt: larger ones would not sum up whole. Such a plant's powers then seem to differ less than they do. */
const SQUARE_MAX_W2 = 1e12;

export function powerNews(records: readonly LogRecord[]): PowerNews[] {
  const all = new Map<string, PowerNews>();
  for (const { pack } of records) {
    const { edge } = pack;
    for (const { device, point, timeMs, value, quality } of pack.samples) {
      if (point !== 'activePowerW' || quality !== 'good' || typeof value !== 'number') continue;
      if (!isPowerW(value)) continue;
      const key = `${edge}/${device}`;
      const news = all.get(key) ?? { edge, device, slots: new Map() };
      all.set(key, news);
      addPower(news.slots, timeMs, Math.round(value * 1000));
    }
  }
  return [...all.values()];
}

function addPower(slots: Map<number, PowerSlot>, timeMs: number, mw: number): void {
  const start = intervalStart(timeMs);
  const none = { readings: 0, drawn_mw: 0, fed_mw: 0, drawn_w2: 0, fed_w2: 0 };
  const slot = slots.get(start) ?? { ...none, first_ms: timeMs, last_ms: timeMs };
  slots.set(start, slot);
  slot.readings++;
  const w2 = Math.min(Math.round((mw / 1000) ** 2), SQUARE_MAX_W2);
  if (mw > 0) {
    slot.drawn_mw += mw;
    slot.drawn_w2 += w2;
  } else {
    slot.fed_mw -= mw;
    slot.fed_w2 += w2;
  }
  slot.first_ms = Math.min(slot.first_ms, timeMs);
  slot.last_ms = Math.max(slot.last_ms, timeMs);
}

export type IdentityNews = {
  readonly edge: string;
  readonly device: string;
  readonly timeMs: number;
  readonly serial: string;
  /** When its pack came, by the hub's clock. */
  readonly receivedMs: number;
};

export function identityNews(records: readonly LogRecord[]): IdentityNews[] {
  return records.flatMap(({ pack, entry: { receivedMs } }) =>
    pack.events.flatMap(({ device, type, timeMs, body }): IdentityNews[] => {
      if (type !== 'identity' || !Value.Check(IdentityEvent, body)) return [];
      return [{ edge: pack.edge, device, timeMs, serial: body.serial, receivedMs }];
    }),
  );
}
