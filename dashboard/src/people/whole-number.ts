/** A whole number that somebody may leave out: empty is "not known". */
import type { InputHTMLAttributes } from 'preact';

export function wholeNumberInput(digits: { min: number; max: number }): InputHTMLAttributes {
  return { inputMode: 'numeric', pattern: `[1-9]\\d{${digits.min - 1},${digits.max - 1}}`, required: false };
}

export function wholeNumber(typed: string): number | null {
  return typed.trim() === '' ? null : Number(typed);
}
