/** A device's value with its unit as people write it; SenML's unit names are for machines. */
import type { DeviceValue } from '@commonworks/core/api/index.ts';
import { type Format, NO_FIGURE, UNIT_SPACE } from '../format/format.ts';

const UNITS: Readonly<Record<string, string>> = { '/100': '%', '%EL': '%', Cel: '°C', '/': '' };

export function valueText({ value, unit }: Pick<DeviceValue, 'value' | 'unit'>, format: Format): string {
  if (value === null) return NO_FIGURE;
  if (typeof value === 'string') return value;
  const digits = Number.isInteger(value) ? 0 : Math.abs(value) >= 1000 ? 1 : 2;
  const shown = UNITS[unit] ?? unit;
  return shown === '' ? format.number(value, digits) : `${format.number(value, digits)}${UNIT_SPACE}${shown}`;
}
