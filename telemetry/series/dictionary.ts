/** The numbers of series and words, kept in memory; what a failed transaction added is forgotten again. */
import type { DatabaseSync } from 'node:sqlite';
import type { PointName } from '@commonworks/core';
import { invariant, isPointName } from '@commonworks/core';
import type { SeriesKey } from '../port.ts';

export type SeriesEntry = {
  readonly id: number;
  readonly key: SeriesKey;
  /** Number of the newest window that has a reading; null before the first. */
  lastWindow: number | null;
};

/** A chunk key leaves 24 bits to the series; an edge that invents device names is stopped long before. */
const SERIES_MAX = 1_000_000;
/** States are words from short lists, so that free text does not belong here. */
const WORDS_MAX = 10_000;
const WORD_LENGTH_MAX = 100;

export class Dictionary {
  readonly #byText = new Map<string, SeriesEntry>();
  readonly #byId = new Map<number, SeriesEntry>();
  readonly #wordIds = new Map<string, number>();
  readonly #words = new Map<number, string>();
  readonly #insertSeries;
  readonly #insertWord;

  constructor(db: DatabaseSync) {
    this.#insertSeries = db.prepare('INSERT INTO series (id, edge, device, point) VALUES (?, ?, ?, ?)');
    this.#insertWord = db.prepare('INSERT INTO word (id, text) VALUES (?, ?)');
    for (const row of db.prepare('SELECT id, edge, device, point, last_window FROM series').iterate()) {
      const lastWindow = row['last_window'] === null ? null : Number(row['last_window']);
      const key = { edge: String(row['edge']), device: String(row['device']), point: asPoint(String(row['point'])) };
      this.#remember({ id: Number(row['id']), key, lastWindow });
    }
    for (const row of db.prepare('SELECT id, text FROM word').iterate()) {
      this.#words.set(Number(row['id']), String(row['text']));
      this.#wordIds.set(String(row['text']), Number(row['id']));
    }
  }

  find(key: SeriesKey): SeriesEntry | undefined {
    return this.#byText.get(textOf(key));
  }

  entry(id: number): SeriesEntry | undefined {
    return this.#byId.get(id);
  }

  entries(): IterableIterator<SeriesEntry> {
    return this.#byId.values();
  }

  /** The series of a key, made when it is new, null when there are too many; `undo` serves a failed transaction. */
  ensure(key: SeriesKey, undo: (() => void)[]): SeriesEntry | null {
    const known = this.find(key);
    if (known !== undefined) return known;
    if (this.#byId.size >= SERIES_MAX) return null;
    const entry = { id: this.#byId.size + 1, key, lastWindow: null };
    this.#insertSeries.run(entry.id, key.edge, key.device, key.point);
    this.#remember(entry);
    undo.push(() => {
      this.#byText.delete(textOf(key));
      this.#byId.delete(entry.id);
    });
    return entry;
  }

  /** Null for a word that is too long, or one too many. */
  wordId(text: string, undo: (() => void)[]): number | null {
    const known = this.#wordIds.get(text);
    if (known !== undefined) return known;
    if (text.length > WORD_LENGTH_MAX || this.#words.size >= WORDS_MAX) return null;
    const id = this.#words.size + 1;
    this.#insertWord.run(id, text);
    this.#words.set(id, text);
    this.#wordIds.set(text, id);
    undo.push(() => {
      this.#words.delete(id);
      this.#wordIds.delete(text);
    });
    return id;
  }

  word(id: number): string {
    return this.#words.get(id) ?? '';
  }

  #remember(entry: SeriesEntry): void {
    this.#byText.set(textOf(entry.key), entry);
    this.#byId.set(entry.id, entry);
  }
}

function textOf(key: SeriesKey): string {
  return `${key.edge}/${key.device}/${key.point}`;
}

function asPoint(text: string): PointName {
  invariant(isPointName(text), `the point ${text} is in the catalogue`);
  return text;
}
