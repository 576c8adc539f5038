/** A fresh key for one pressing of a button; randomUUID is missing on plain http, random values are not. */

export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
