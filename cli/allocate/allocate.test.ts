import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCoded } from '@commonworks/core';
import { Command, CommanderError } from 'commander';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { register } from '../commands/allocate.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'allocate-'));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => rm(dir, { recursive: true }));

const HEADER = 'start,participant,role,kwh\n';

/** Runs the command on the text; the output file's text, or the coded error's message. */
async function allocate(text: string, ...flags: string[]): Promise<string> {
  await writeFile(join(dir, 'in.csv'), text);
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  register(program);
  const method = flags.includes('--method') ? [] : ['--method', 'pro-rata'];
  const args = ['allocate', ...method, '--in', join(dir, 'in.csv'), '--out', join(dir, 'out.csv'), ...flags];
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return `usage ${error.exitCode}: ${error.message}`;
    if (!isCoded(error)) throw error;
    // A refused file leaves neither an output nor a part of one behind.
    expect((await readdir(dir)).filter((name) => name.startsWith('out'))).toEqual([]);
    return `${error.code}: ${error.message.replace(join(dir, 'in.csv'), 'in.csv')}`;
  }
  return readFile(join(dir, 'out.csv'), 'utf8');
}

it('writes the rows in input order, the start as given, with six decimals', async () => {
  const text = `${HEADER}2023-01-01T01:15:00+01:00,ann,consumer,0.3
2023-01-01T01:15:00+01:00,roof,producer,0.2
2023-01-01T00:00:00Z,ann,consumer,0.1
2023-01-01T00:15Z,bob,consumer,0.1
2023-01-01T01:00:00+01:00,bob,consumer,0
2023-01-01T01:00:00+01:00,roof,producer,1.000001
`;
  expect(await allocate(text)).toBe(`start,participant,role,kwh,offered_kwh,allocated_kwh,residual_kwh,surplus_kwh
2023-01-01T01:15:00+01:00,ann,consumer,0.300000,0.150000,0.150000,0.150000,0.000000
2023-01-01T01:15:00+01:00,roof,producer,0.200000,0.000000,0.200000,0.000000,0.000000
2023-01-01T00:00:00Z,ann,consumer,0.100000,1.000001,0.100000,0.000000,0.000000
2023-01-01T00:15Z,bob,consumer,0.100000,0.050000,0.050000,0.050000,0.000000
2023-01-01T01:00:00+01:00,bob,consumer,0.000000,0.000000,0.000000,0.000000,0.000000
2023-01-01T01:00:00+01:00,roof,producer,1.000001,0.000000,0.100000,0.000000,0.900001
`);
});

it('reads a byte order mark, CRLF and quoted participants', async () => {
  const text = `\uFEFFstart,participant,role,kwh\r\n2023-01-01T00:00:00Z,"Flat 2, left",consumer,1\r\n`;
  expect(await allocate(text)).toContain('\n2023-01-01T00:00:00Z,"Flat 2, left",consumer,1.000000,');
});

const T = '2023-01-01T00:00:00Z';
it.each([
  [
    'a duplicate, also with another offset',
    `${T},a,consumer,1\n2023-01-01T01:00:00+01:00,a,consumer,2\n`,
    'line 3: the same start, participant and role as line 2',
  ],
  ['a blank', `${T},a,consumer,\n`, 'line 2: kwh is blank'],
  ['more decimals than mWh', `${T},a,consumer,0.1234567\n`, 'line 2: kwh 0.1234567 has more decimals than mWh'],
  ['a negative value', `${T},a,consumer,-1\n`, 'line 2: kwh -1 is negative'],
  ['a word', `${T},a,consumer,NaN\n`, 'line 2: kwh "NaN" is not a number'],
  ['a decimal comma', `${T},a,consumer,"0,5"\n`, 'line 2: kwh 0,5 has a decimal comma'],
  ['another role', `${T},a,Consumer,1\n`, 'line 2: role "Consumer" is neither'],
  ['a blank participant', `${T},,consumer,1\n`, 'line 2: participant is blank'],
  ['spaces around a participant', `${T}, a,consumer,1\n`, 'line 2: participant " a" has spaces'],
  [
    'a start off the grid',
    `2023-01-01T00:07:00Z,a,consumer,1\n`,
    'line 2: start 2023-01-01T00:07:00Z is not on the grid of 15 minutes',
  ],
  ['a start without offset', `2023-01-01T00:00:00,a,consumer,1\n`, 'line 2: start "2023-01-01T00:00:00" has no offset'],
  [
    'a missing participant',
    `${T},a,consumer,1\n${T},p,producer,1\n2023-01-01T00:15:00Z,a,consumer,1\n`,
    'no row for 2023-01-01T00:15:00Z, p, producer',
  ],
  ['too few columns', `${T},a,consumer\n`, 'line 2: 3 columns instead of 4'],
  ['an unclosed quote', `${T},"a,consumer,1\n`, 'not a readable table'],
  ['no rows', '', 'there is no row after the header'],
])('names the rows: %s', async (_, rows, message) => {
  const answer = await allocate(HEADER + rows);
  expect(answer).toMatch(/^cli\.intervals-invalid: in\.csv: 1 fault\n/);
  expect(answer).toContain(message);
});

it('recognises semicolons and an empty file', async () => {
  expect(await allocate('start;participant;role;kwh\n')).toContain('separated by commas, not semicolons');
  expect(await allocate('')).toContain('the file is empty');
});

it('lists twenty faults and counts the rest', async () => {
  const answer = await allocate(HEADER + `${T},a,consumer,x\n`.repeat(30));
  expect(answer).toContain('30 faults');
  expect(answer.split('\n')).toHaveLength(22);
  expect(answer).toContain('... and 10 more');
});

it('shares an interval without the missing participant when told to', async () => {
  const rows = `${T},a,consumer,1\n${T},b,consumer,1\n${T},p,producer,1\n2023-01-01T00:15:00Z,a,consumer,1\n2023-01-01T00:15:00Z,p,producer,1\n`;
  const answer = await allocate(HEADER + rows, '--missing', 'exclude');
  expect(answer).toContain('2023-01-01T00:15:00Z,a,consumer,1.000000,1.000000,1.000000,0.000000,0.000000');
});

it('shares by fixed weights; the share of one who is missing stays surplus', async () => {
  await writeFile(join(dir, 'weights.csv'), 'participant,weight\na,62.5\nb,37.5\n');
  const rows = `${T},a,consumer,1\n${T},b,consumer,0.1\n${T},p,producer,1\n2023-01-01T00:15:00Z,a,consumer,1\n2023-01-01T00:15:00Z,p,producer,1\n`;
  const answer = await allocate(
    HEADER + rows,
    '--method',
    'fixed',
    '--weights',
    join(dir, 'weights.csv'),
    '--missing',
    'exclude',
  );
  expect(answer).toContain(`${T},a,consumer,1.000000,0.625000,0.625000,0.375000,0.000000`);
  expect(answer).toContain(`${T},p,producer,1.000000,0.000000,0.725000,0.000000,0.275000`);
  expect(answer).toContain('2023-01-01T00:15:00Z,p,producer,1.000000,0.000000,0.625000,0.000000,0.375000');
});

it('wants a weight for every consumer, once, and one above zero', async () => {
  const rows = `${HEADER}${T},a,consumer,1\n${T},b,consumer,1\n`;
  const fixed = ['--method', 'fixed', '--weights', join(dir, 'weights.csv')];
  const tryWeights = async (text: string): Promise<string> => {
    await writeFile(join(dir, 'weights.csv'), text);
    return allocate(rows, ...fixed);
  };
  expect(await tryWeights('participant,weight\na,1\n')).toContain(
    'cli.intervals-invalid: in.csv: 1 fault\n  consumer b has no weight',
  );
  expect(await tryWeights('participant,weight\na,1\na,2\n')).toContain('line 3: a has a weight already');
  expect(await tryWeights('participant,weight\na,0\nb,0\n')).toContain('no weight is above zero');
  expect(await tryWeights('participant;weight\n')).toContain('cli.weights-invalid');
});

it('tells wrong usage from wrong input', async () => {
  expect(await allocate(HEADER, '--method', 'fixed')).toMatch(/^usage 2: --weights/);
  expect(await allocate(HEADER, '--interval', '7m')).toMatch(/^usage 1: .*7m/);
  expect(await allocate(HEADER, '--in', join(dir, 'absent.csv'))).toMatch(/^cli\.file-unreadable: .*ENOENT/);
});

it('leaves the old result alone when the new one cannot be written', async () => {
  const rows = `${HEADER}${T},a,consumer,1\n`;
  expect(await allocate(rows, '--out', join(dir, 'no-such-folder', 'out.csv'))).toMatch(/^cli\.file-unwritable/);
});
