/** One text for one value: what is hashed or signed must have the same bytes on every machine. */
import { invariant } from './errors.ts';

export type Canonical = null | boolean | number | string | readonly Canonical[] | { readonly [key: string]: Canonical };

/**
 * JSON without white space, keys in code-unit order, numbers whole and safe only: a subset of RFC 8785 in which
 * no two programs can disagree. Decimals travel as text.
 */
export function canonicalJson(value: Canonical): string {
  if (typeof value === 'number') {
    invariant(Number.isSafeInteger(value), 'canonical numbers are safe integers');
    return Object.is(value, -0) ? '0' : String(value);
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item as Canonical)).join(',')}]`;
  const record = value as { readonly [key: string]: Canonical };
  const keys = Object.keys(record).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key] as Canonical)}`).join(',')}}`;
}
