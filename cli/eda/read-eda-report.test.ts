import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compareReport } from './compare-report.ts';
import type { EdaReport } from './eda-report.ts';
import { intervalLines } from './interval-lines.ts';
import { readEdaMessage } from './read-eda-message.ts';
import { readEdaReport } from './read-eda-report.ts';
import { oneGroup } from './sharing-groups.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'eda-'));
});
afterEach(() => rm(dir, { recursive: true }));

const ZONE = { zone: 'Europe/Vienna' };
const CONSUMED = 'Gesamtverbrauch lt. Messung (bei Teilnahme gem. Erzeugung) [KWH]';
const OFFERED = 'Anteil gemeinschaftliche Erzeugung [KWH]';
const COVERED = 'Eigendeckung gemeinschaftliche Erzeugung [KWH]';
const SURPLUS = 'Gesamt/Überschusserzeugung, Gemeinschaftsüberschuss [KWH]';
const TOTAL = 'Gesamte gemeinschaftliche Erzeugung [KWH]';

type ColumnOf = [id: string, direction: string, code: string];
const ANN: ColumnOf[] = [CONSUMED, OFFERED, COVERED].map((code) => ['ANN', 'CONSUMPTION', code]);
const BOB: ColumnOf[] = [CONSUMED, OFFERED, COVERED].map((code) => ['BOB', 'CONSUMPTION', code]);
const SUN: ColumnOf[] = [SURPLUS, TOTAL].map((code) => ['SUN', 'GENERATION', code]);

async function read(columns: ColumnOf[], rows: string[], name = 'report.csv'): Promise<EdaReport> {
  const head = ['MeteringpointID', 'Energy direction', 'Metercode'].map((label, i) =>
    [label, ...columns.map((column) => column[i])].join(';'),
  );
  const text = `${['Any words first;;', ...head, ...rows].join('\r\n')}\r\n`;
  const file = join(dir, name);
  await writeFile(file, name.endsWith('.gz') ? gzipSync(text) : text);
  return readEdaReport(file, ZONE);
}

it('reads consumers and producers, blanks as nothing and exponents as numbers', async () => {
  const report = await read(
    [...ANN, ...SUN],
    ['2023-01-01 00:00:00;0.004;7.6e-05;7.6e-05;0;0.00014300000000000001', '2023-01-01 00:15:00;;;;;'],
    'report.csv.gz',
  );
  expect(report.consumers).toEqual([{ id: 'ANN', consumed: [4000, null], offered: [76, null], covered: [76, null] }]);
  expect(report.producers).toEqual([{ id: 'SUN', generated: [143, null], surplus: [0, null] }]);
  expect([...intervalLines(report)]).toEqual([
    'start,participant,role,kwh',
    '2023-01-01T00:00:00+01:00,ANN,consumer,0.004000',
    '2023-01-01T00:00:00+01:00,SUN,producer,0.000143',
  ]);
});

it('finds the generation in the other column where another system wrote the lines', async () => {
  const report = await read(SUN, ['2023-03-17 23:30:00;1;5', '2023-03-17 23:45:00;0;2', '18.03.2023 00:00:00;7;3']);
  expect(report.sources.map((source) => [source.stampForm, source.generationIn])).toEqual([
    ['yyyy-mm-dd', 'total'],
    ['dd.mm.yyyy', 'surplus'],
  ]);
  expect(report.producers[0]).toMatchObject({ generated: [5e6, 2e6, 7e6], surplus: [1e6, 0, 3e6] });
});

it('counts qualities, leaves totals out and names points without data', async () => {
  const columns: ColumnOf[] = [
    ...ANN.slice(0, 1),
    ['MM', '', ''],
    ['GONE', 'CONSUMPTION', 'Keine Daten verfügbar'],
    ['TOTAL', '', CONSUMED],
  ];
  const report = await read(columns, ['2023-01-01 00:00:00;0.004;L1;;9', '2023-01-01 00:15:00;0.004;;;9']);
  expect(report).toMatchObject({ qualities: { L1: 1, blank: 1 }, silentConsumers: ['GONE'] });
  expect(report.consumers).toHaveLength(1);
});

it('joins the columns of a point that was a member twice, unless both have a value', async () => {
  const twice: ColumnOf[] = [...ANN.slice(0, 1), ...ANN.slice(0, 1)];
  const report = await read(twice, ['2023-01-01 00:00:00;1;', '2023-01-01 00:15:00;;2']);
  expect(report.consumers[0]?.consumed).toEqual([1e6, 2e6]);
  await expect(read(twice, ['2023-01-01 00:00:00;1;2'])).rejects.toThrow('stands twice');
});

it.each([
  ['a word', ANN.slice(0, 1), '2023-01-01 00:00:00;many', 'line 5: column 2: "many" is not a number'],
  ['seven decimals', ANN.slice(0, 1), '2023-01-01 00:00:00;0.1234567', 'more decimals than mWh'],
  ['a negative value', ANN.slice(0, 1), '2023-01-01 00:00:00;-1', 'is negative'],
  [
    'an unknown column',
    [['ANN', 'CONSUMPTION', 'Blindleistung']] as ColumnOf[],
    '2023-01-01 00:00:00;1',
    'unknown Metercode',
  ],
  [
    'an unknown direction',
    [['ANN', 'BOTH', CONSUMED]] as ColumnOf[],
    '2023-01-01 00:00:00;1',
    'neither CONSUMPTION nor GENERATION',
  ],
  ['no lines', ANN, 'nothing', 'no line begins with a local time'],
])('refuses %s and says where', async (_, columns, row, message) => {
  await expect(read(columns, [row])).rejects.toThrow(message);
});

it('agrees within the mWh that rounding may move, and leaves the unexplained unexplained', async () => {
  const rows = [
    // 1 kWh over 1 and 2: 333,333.3 and 666,666.7 mWh; the operator rounded the same way.
    '2023-01-01 00:00:00;1;0.333333;0.333333;2;0.666667;0.666667;0;1',
    // One mWh more: still agreement. Ten: not, and nothing in the inputs explains it.
    '2023-01-01 00:15:00;1;0.333334;0.333334;2;0.666666;0.666666;0;1',
    '2023-01-01 00:30:00;1;0.333343;0.333333;2;0.666667;0.666667;0;1',
  ];
  const report = await read([...ANN, ...BOB, ...SUN], rows);
  const { cells, unexplained, unexplainedMaxMwh, examples } = compareReport(report, {
    keyVersion: 'k',
    groupOf: oneGroup,
  });
  expect(cells.offered).toEqual({ compared: 6, same: 3, withinOne: 2, differ: 1 });
  expect(cells.covered).toMatchObject({ compared: 6, differ: 0 });
  expect(unexplained).toEqual({ offered: 1, covered: 0, surplus: 0 });
  expect(unexplainedMaxMwh).toBe(10);
  expect(examples[0]).toContain('ANN offered: ours 333333 mWh, operator 333343 mWh');
});

function message(energy: unknown): unknown {
  return { message: { messageCode: 'DATEN_CRMSG', meter: { meteringPoint: 'AT99' }, energy } };
}

const series = (meterCode: string, value: number) => ({
  meterCode,
  value: [{ from: 1_679_785_200_000, to: 1_679_786_100_000, value, method: 'L1' }],
});

it('reads a message in its older and its newer shape, and prefers the part that takes part', async () => {
  const file = join(dir, 'message.json');
  await writeFile(
    file,
    JSON.stringify(message({ data: [series('1-1:1.9.0 G.01', 0.006), series('1-1:2.9.0 G.02', 0.1)] })),
  );
  expect((await readEdaMessage(file, ZONE)).consumers).toEqual([
    { id: 'AT99', consumed: [6000], offered: [100_000], covered: [null] },
  ]);
  const newer = [
    { data: [series('1-1:1.9.0 G.01T', 0.003), series('1-1:1.9.0 G.01', 0.006), series('1-1:2.9.0 G.03R', 1)] },
  ];
  await writeFile(file, JSON.stringify(message(newer)));
  const report = await readEdaMessage(file, ZONE);
  expect(report.consumers[0]?.consumed).toEqual([3000]);
  expect(report.intervals[0]?.start).toBe('2023-03-26T00:00:00+01:00');
});

it('refuses a message that is none', async () => {
  const file = join(dir, 'message.json');
  await writeFile(file, '{"message": 1}');
  await expect(readEdaMessage(file, ZONE)).rejects.toThrow('not a DATEN_CRMSG message');
  await writeFile(file, '{');
  await expect(readEdaMessage(file, ZONE)).rejects.toThrow('not JSON');
});
