/** The numbers of series and words, kept in memory; what a failed transaction added is forgotten again. */
import type { DatabaseSync } from 'node:sqlite';
import type { PointName } from '@commonworks/core';
import { invariant, isPointName } from '@commonworks/core';
import { EDGE_BUDGETS, type EdgeBudgets } from '../edge-budgets.ts';
import { EdgeShares } from '../edge-shares.ts';
import type { SeriesKey } from '../port.ts';

export type SeriesEntry = {
  readonly id: number;
  readonly key: SeriesKey;
  /** Number of the newest window that has a reading; null before the first. */
  lastWindow: number | null;
};

/** States are words from short lists, so that free text does not belong here. */
const WORD_LENGTH_MAX = 100;
/** Who is charged for words of before: nobody. */
const NOBODY = '';

/** Why something cannot have a number: its edge has used up its budget, or the word is too long. */
export type NoNumber = 'series' | 'words' | 'long';

export class Dictionary {
  readonly #byText = new Map<string, SeriesEntry>();
  readonly #byId = new Map<number, SeriesEntry>();
  readonly #wordIds = new Map<string, number>();
  readonly #words = new Map<number, string>();
  readonly #seriesOf: EdgeShares;
  /** By the edge that first brought them. */
  readonly #wordsOf: EdgeShares;
  readonly #insertSeries;
  readonly #insertWord;

  constructor(db: DatabaseSync, { series, words }: EdgeBudgets = EDGE_BUDGETS) {
    this.#seriesOf = new EdgeShares(series);
    this.#wordsOf = new EdgeShares(words);
    this.#insertSeries = db.prepare('INSERT INTO series (id, edge, device, point) VALUES (?, ?, ?, ?)');
    this.#insertWord = db.prepare('INSERT INTO word (id, text, edge) VALUES (?, ?, ?)');
    for (const row of db.prepare('SELECT id, edge, device, point, last_window FROM series').iterate()) {
      const lastWindow = row['last_window'] === null ? null : Number(row['last_window']);
      const key = { edge: String(row['edge']), device: String(row['device']), point: asPoint(String(row['point'])) };
      this.#remember({ id: Number(row['id']), key, lastWindow });
    }
    for (const row of db.prepare('SELECT id, text, edge FROM word').iterate()) {
      this.#words.set(Number(row['id']), String(row['text']));
      this.#wordIds.set(String(row['text']), Number(row['id']));
      this.#wordsOf.add(row['edge'] === null ? NOBODY : String(row['edge']));
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

  /** The series of a key, made when it is new and its edge may have one more; `undo` serves a failed transaction. */
  ensure(key: SeriesKey, undo: (() => void)[]): SeriesEntry | 'series' {
    const known = this.find(key);
    if (known !== undefined) return known;
    if (!this.#seriesOf.hasRoom(key.edge)) return 'series';
    const entry = { id: this.#byId.size + 1, key, lastWindow: null };
    this.#insertSeries.run(entry.id, key.edge, key.device, key.point);
    this.#remember(entry);
    undo.push(() => {
      this.#byText.delete(textOf(key));
      this.#byId.delete(entry.id);
      this.#seriesOf.add(key.edge, -1);
    });
    return entry;
  }

  /** A word that is known is free, whoever brought it. */
  wordId(text: string, edge: string, undo: (() => void)[]): number | 'words' | 'long' {
    const known = this.#wordIds.get(text);
    if (known !== undefined) return known;
    if (text.length > WORD_LENGTH_MAX) return 'long';
    if (!this.#wordsOf.hasRoom(edge)) return 'words';
    const id = this.#words.size + 1;
    this.#insertWord.run(id, text, edge);
    this.#words.set(id, text);
    this.#wordIds.set(text, id);
    this.#wordsOf.add(edge);
    undo.push(() => {
      this.#words.delete(id);
      this.#wordIds.delete(text);
      this.#wordsOf.add(edge, -1);
    });
    return id;
  }

  word(id: number): string {
    return this.#words.get(id) ?? '';
  }

  #remember(entry: SeriesEntry): void {
    this.#byText.set(textOf(entry.key), entry);
    this.#byId.set(entry.id, entry);
    this.#seriesOf.add(entry.key.edge);
  }
}

function textOf(key: SeriesKey): string {
  return `${key.edge}/${key.device}/${key.point}`;
}

function asPoint(text: string): PointName {
  invariant(isPointName(text), `the point ${text} is in the catalogue`);
  return text;
}
