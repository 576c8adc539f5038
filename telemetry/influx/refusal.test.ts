/** The words of real servers, and what they prove. */
import { expect, it } from 'vitest';
import { isExplained, readRefusal } from './refusal.ts';

const CONFLICT =
  'field type conflict: input field "value" on measurement "m" is type float, already exists as type string';

it('reads a conflict of 1.6.7, which its client wraps in words of its own', () => {
  const error = JSON.stringify({ error: `partial write: ${CONFLICT} dropped=2` });
  expect(readRefusal(`A 400 Bad Request error occurred: ${error}\n`)).toMatchObject({
    reason: `partial write: ${CONFLICT}`,
    dropped: 2,
    conflict: { measurement: 'm', field: 'value' },
    isByTime: false,
  });
});

it('reads what 2.7 says of points that are too old', () => {
  const message =
    'failure writing points to database: partial write: dropped 4 points outside retention policy of duration 24h0m0s - ' +
    'oldest point home,room=Living\\\\ Room at 1970-01-01T00:00:01.541Z dropped because it violates a Retention Policy ' +
    'Lower Bound at 2025-05-20T19:06:17.612973Z dropped=4 for database: 9f282d63c7d3a5c0 for retention policy: autogen';
  const refusal = readRefusal(JSON.stringify({ code: 'unprocessable entity', message }));
  expect(refusal).toMatchObject({ dropped: 4, conflict: null, isByTime: true });
  expect(refusal.reason).toMatch(/^failure writing points to database: partial write: points outside retention/);
});

it('reads the lines that 3 names, each with its reason', () => {
  const why = "invalid column type for column 'temp', expected iox::column_type::field::float";
  const data = [
    { original_line: 'home,room=Sunroom temp=hi 1735549200', line_number: 2, error_message: why },
    { original_line: 'home,room=Sunroom temp= 1735549201', line_number: 5, error_message: 'No fields were provided' },
  ];
  expect(readRefusal(JSON.stringify({ error: 'partial write of line protocol occurred', data }))).toMatchObject({
    lines: [
      { at: 1, reason: why },
      { at: 4, reason: 'No fields were provided' },
    ],
    isListComplete: true,
    conflict: { measurement: null, field: 'temp' },
  });
  expect(readRefusal(JSON.stringify({ error: 'line protocol parsing error', data: data[0] }))).toMatchObject({
    lines: [{ at: 1 }],
    isListComplete: false,
  });
});

it('takes a count of none, a setting that is wrong, or any other text for no evidence', () => {
  const texts = [
    '{"error":"partial write: unable to parse \'m value= 1\': missing field value dropped=0"}',
    '{"code":"invalid","message":"retention policy not found: abc"}',
    '{"error":"partial write of line protocol occurred","data":[{"line_number":"x"},null,{}]}',
    '{"error":',
    '<html>400 Bad Request</html>',
    '[]',
    '{"data":7}',
    'null',
    '',
  ];
  for (const text of texts) expect(isExplained(readRefusal(text))).toBe(false);
});
