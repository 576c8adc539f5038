/** One line per event, and nothing in it that a terminal obeys. */
import { expect, it } from 'vitest';
import { eventLine } from './event-lines.ts';

it('takes no control characters from what a device or a member wrote', () => {
  const fields = { level: 40, msg: 'device unreachable', device: 'home-1', reason: 'gone\u001b]0;owned\u0007\nnext' };
  const line = eventLine({ process: 'edge roof', text: '', fields });
  expect(line).toContain('gone ]0;owned next');
  expect(eventLine({ process: 'broker', text: 'plain \u001b[2J', fields: {} })).not.toMatch(/\p{Cc}/u);
});

it('says nothing of partings while all is being stopped, but errors', () => {
  const fields = { level: 40, msg: 'broker lost' };
  const line = { process: 'community', text: '', fields };
  expect(eventLine(line)).toBe('[community]      warning: broker lost');
  expect(eventLine(line, { isStopping: true })).toBeNull();
  const failed = { ...line, fields: { level: 50, msg: 'the last commit failed' } };
  expect(eventLine(failed, { isStopping: true })).toContain('the last commit failed');
});

it('says of a failure why it is one and what to do, whichever way the process writes its level', () => {
  const fields = {
    level: 'fatal',
    code: 'broker.listen-failed',
    remedy: 'Stop the program that uses it.',
    err: 'CodedError: cannot listen on 127.0.0.1:1883',
    msg: 'the broker ends',
  };
  expect(eventLine({ process: 'broker', text: '', fields })).toBe(
    '[broker]         error: the broker ends: cannot listen on 127.0.0.1:1883 (broker.listen-failed)\n' +
      '                 Stop the program that uses it.',
  );
  expect(eventLine({ process: 'edge a', text: '', fields: { level: 50, msg: 'no', err: { message: 'gone' } } })).toBe(
    '[edge a]         error: no: gone',
  );
});
