/** A number and its English noun: "1 pack", "2 packs". */

/** `count` may be written already as the locale writes it; only a bare 1 is one. */
export function counted(count: number | string, one: string, many = `${one}s`): string {
  return `${count} ${plural(count, one, many)}`;
}

/** The word alone. */
export function plural(count: number | string, one: string, many: string): string {
  return String(count) === '1' ? one : many;
}
