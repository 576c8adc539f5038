import { expect, it } from 'vitest';
import { withoutRepeats } from './broker-log.ts';

it('says the same warning once a minute, with the count of those it kept back', () => {
  let nowMs = 0;
  const lines: [object, string][] = [];
  const keep = (fields: object, message: string) => void lines.push([fields, message]);
  const log = withoutRepeats({ info: keep, warn: keep, error: keep }, () => nowMs);
  const fields = { code: 'broker.login-refused', user: 'x', address: '192.0.2.1' };
  for (let i = 0; i < 5; i++) log.warn(fields, 'log-in refused');
  log.warn({ ...fields, user: 'y' }, 'log-in refused');
  expect(lines.length).toBe(2);
  nowMs = 60_000;
  log.warn(fields, 'log-in refused');
  expect(lines.at(-1)?.[0]).toEqual({ ...fields, repeated: 4 });
});
