import { expect, it } from 'vitest';
import { parseStart } from './parse-start.ts';

it.each([
  ['2023-03-26T01:45:00+01:00', Date.UTC(2023, 2, 26, 0, 45)],
  ['2023-03-26T03:00:00+02:00', Date.UTC(2023, 2, 26, 1)],
  ['2023-03-26 00:45Z', Date.UTC(2023, 2, 26, 0, 45)],
  ['2022-12-31T23:30:00.000-0330', Date.UTC(2023, 0, 1, 3)],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
])('reads %s as an instant', (text, instant) => {
  expect(parseStart(text)).toBe(instant);
});

it.each([
  ['2023-03-26T01:45:00', 'no offset'],
  ['2023-02-29T00:00:00Z', 'no real date'],
  ['2023-13-01T00:00:00Z', 'no real date'],
  ['2023-01-01T24:00:00Z', 'no real date'],
  ['2023-01-01T00:60:00Z', 'no real date'],
  ['2023-01-01T00:00:00.5Z', 'whole second'],
  ['2023-01-01T00:00:00+15:00', 'impossible offset'],
  ['26.03.2023 01:45', 'not an ISO 8601 time'],
  ['', 'not an ISO 8601 time'],
])('refuses %s', (text, reason) => {
  expect(parseStart(text)).toContain(reason);
});
