/** Reads a figure in kWh as people type it, with a point or a comma; whole mWh, or null when it is none. */

const KWH = /^\d{1,9}(?:\.\d{1,6})?$/;

export function parseTypedKwh(typed: string): number | null {
  const plain = typed.trim().replace(',', '.');
  if (!KWH.test(plain)) return null;
  const [whole = '0', fraction = ''] = plain.split('.');
  return Number(whole) * 1_000_000 + Number(fraction.padEnd(6, '0'));
}

/** What the browser checks before anything is sent. */
export const TYPED_KWH = { inputMode: 'decimal', pattern: '\\d{1,9}([.,]\\d{1,6})?' } as const;
