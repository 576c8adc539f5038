/** What the broker remembers of each edge, when there are more than it remembers: only the longest silent is forgotten. */
import { expect, it } from 'vitest';
import { SharedIds } from './mqtt/shared-ids.ts';
import { createTimeAnswers, TIME_ANSWER_LIMITS } from './time-answers.ts';

const hub = {
  nowMs: 0,
  isTrusted: true,
  source: 'system',
  errorMs: 1,
  correctionMs: 0,
  measuredMs: 0,
  untilMs: null,
} as const;
const QUESTION = Buffer.from(JSON.stringify({ id: '00000000-0000-7000-8000-000000000001', sentMs: 1 }));

it('an edge that asks for the time too often stays held back, however many others ask', () => {
  const answer = createTimeAnswers(
    () => hub,
    () => 0,
  );
  for (let n = 0; n < 10; n++) answer('longest silent', QUESTION);
  for (let n = 0; n < TIME_ANSWER_LIMITS.perSecondMax; n++) expect(answer('flood', QUESTION)).not.toBeNull();
  for (let n = 0; n < TIME_ANSWER_LIMITS.edgesMax - 1; n++) answer(`edge ${n}`, QUESTION);
  expect(answer('flood', QUESTION)).toBeNull();
  expect(answer('honest', QUESTION)).not.toBeNull();
});

it('two agents of one id are still found when more ids than are kept have been heard of', () => {
  const ids = new SharedIds(() => 0, 3);
  for (const boot of ['a', 'b']) ids.told('cloned', boot);
  for (let n = 0; n < 10; n++) {
    ids.told(`edge ${n}`, 'x');
    ids.told('cloned', 'b');
  }
  expect(ids.told('cloned', 'a')).toContain('two agents share this id');
});
