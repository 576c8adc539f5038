/** The words in use. Another language is another file of the same shape; nothing else changes. */
import { en } from './en.ts';

type Words<T> = {
  readonly [Key in keyof T]: T[Key] extends string
    ? string
    : T[Key] extends (...given: infer Given) => string
      ? (...given: Given) => string
      : Words<T[Key]>;
};
export type Text = Words<typeof en>;

export const text: Text = en;
