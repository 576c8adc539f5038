/** Energy for machines: kWh with six decimals and a point, whatever the locale. */

export function formatKwhText(mwh: number | null): string | null {
  if (mwh === null) return null;
  const digits = String(Math.abs(mwh)).padStart(7, '0');
  return `${mwh < 0 ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}
