import { existsSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from '../stream/line-splitter.ts';
import { type GrblLine, parseGrblLine } from './parse-line.ts';
import { createGrblWatch, type MachineChange } from './watch.ts';

const data = '../shared/data/machine-serial';
const hasData = existsSync(data);

/** The bytes a recorded controller sent, from a log of `seconds < text` with escapes. */
function received(name: string): Buffer {
  const lines = readFileSync(`${data}/${name}`, 'utf8').split('\n');
  const texts = lines.map((line) => /^\s*[\d.]+ < (.*)$/.exec(line)?.[1] ?? '');
  const unescaped = texts
    .join('')
    .replaceAll('\\r', '\r')
    .replaceAll('\\n', '\n')
    .replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(unescaped, 'latin1');
}

function watchOf(changes: MachineChange[]) {
  let monotonic = 0;
  const watch = createGrblWatch({
    now: () => 1000,
    monotonicMs: () => monotonic,
    onChange: (change) => changes.push(change),
  });
  return {
    watch,
    pass: (ms: number) => {
      monotonic += ms;
    },
  };
}

describe('A line of a controller', () => {
  it.each<[string, GrblLine]>([
    ['<Idle>', { kind: 'status', state: 'Idle', substate: null, activity: 'idle' }],
    ['<Idle,MPos:5.529,0.560,7.000>', { kind: 'status', state: 'Idle', substate: null, activity: 'idle' }],
    ['<Run|MPos:1,2,3|FS:594,0>', { kind: 'status', state: 'Run', substate: null, activity: 'running' }],
    ['<Hold:1|MPos:1,2,3>', { kind: 'status', state: 'Hold', substate: 1, activity: 'hold' }],
    ['<Door:2|MPos:1,2,3>', { kind: 'status', state: 'Door', substate: 2, activity: 'hold' }],
    ['<Jog|MPos:1,2,3>', { kind: 'status', state: 'Jog', substate: null, activity: 'idle' }],
    ['<Alarm|MPos:1,2,3|Pn:X>', { kind: 'status', state: 'Alarm', substate: null, activity: 'alarm' }],
    ['<Flying|MPos:1,2,3>', { kind: 'status', state: 'Flying', substate: null, activity: 'unknown' }],
    ['ALARM:2', { kind: 'alarm', code: '2' }],
    ['ALARM: Probe fail', { kind: 'alarm', code: 'Probe fail' }],
    ['error:22', { kind: 'error', code: '22' }],
    ["Grbl 1.1f ['$' for help]", { kind: 'welcome', version: '1.1f' }],
    ["GrblHAL 1.1f ['$' or '$HELP' for help]", { kind: 'welcome', version: '1.1f' }],
    ['ok', { kind: 'ok' }],
    ['[MSG:Reset to continue]', { kind: 'other' }],
    ['<Run|', { kind: 'other' }],
    ['<constructor>', { kind: 'status', state: 'constructor', substate: null, activity: 'unknown' }],
  ])('%s', (line, meaning) => {
    expect(parseGrblLine(line)).toEqual(meaning);
  });

  it('of any text is understood or passed over, never a crash', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (line) => parseGrblLine(line).kind.length > 0),
    );
  });

  it.skipIf(!hasData)('of another parser’s test suite is understood (cncjs)', () => {
    const cases = JSON.parse(readFileSync(`${data}/cncjs-grbl-lines.json`, 'utf8')) as { strings: string[] }[];
    const reports = cases.flatMap(({ strings }) => strings).filter((line) => /^<\w+[^<>]*>$/.test(line));
    expect(reports.length).toBeGreaterThan(3);
    for (const line of reports) expect(parseGrblLine(line)).toMatchObject({ kind: 'status', activity: 'idle' });
  });
});

describe('A machine under watch', () => {
  it.skipIf(!hasData)('goes through the activities of a recorded laser job, however the bytes are cut', () => {
    const bytes = received('grblhal-session-laser-job.log');
    for (const size of [1, 13, 100_000]) {
      const changes: MachineChange[] = [];
      const { watch } = watchOf(changes);
      const stream = new PassThrough();
      watch.attach(stream);
      for (let at = 0; at < bytes.length; at += size) stream.emit('data', bytes.subarray(at, at + size));
      const activities = changes.map((change) => change.activity);
      expect(activities).toContain('running');
      expect(activities.every((activity, index) => activity !== activities[index - 1])).toBe(true);
    }
  });

  it.skipIf(!hasData)('shows hold, alarm and reset of a recorded session', () => {
    const changes: MachineChange[] = [];
    const { watch } = watchOf(changes);
    const stream = new PassThrough();
    watch.attach(stream);
    stream.emit('data', received('grblhal-session-basic.log'));
    const activities = new Set(changes.map((change) => change.activity));
    expect([...activities]).toEqual(expect.arrayContaining(['idle', 'running', 'hold']));
    expect(changes.some((change) => change.isReset)).toBe(true);
  });

  it('is asked with a question mark and nothing else', async () => {
    const { watch } = watchOf([]);
    const sent: string[] = [];
    const stream = new PassThrough();
    stream.write = (chunk: unknown) => {
      sent.push(String(chunk));
      stream.emit('data', Buffer.from('<Idle|MPos:0,0,0>\r\n'));
      return true;
    };
    watch.attach(stream);
    await watch.poll(1000);
    expect([sent, watch.activity()]).toEqual([['?'], 'idle']);
  });

  it('becomes unknown when reports stay away, and off when its port is gone', async () => {
    const changes: MachineChange[] = [];
    const { watch, pass } = watchOf(changes);
    const stream = new PassThrough();
    watch.attach(stream);
    stream.emit('data', Buffer.from('<Run|MPos:0,0,0>\n'));
    await watch.poll(1);
    expect(watch.activity()).toBe('running');
    pass(5001);
    await watch.poll(1);
    expect(watch.activity()).toBe('unknown');
    watch.detach('no such port', true);
    expect(changes.map((change) => change.activity)).toEqual(['running', 'unknown', 'off']);
  });
});

describe('Lines', () => {
  it('survive garbage, NUL and overlong input', () => {
    const split = createLineSplitter(20);
    expect(split(Buffer.from('\0ok\r\n'))).toEqual(['ok']);
    expect(split(Buffer.from('x'.repeat(50)))).toEqual([]);
    expect(split(Buffer.from('tail\nok\n'))).toEqual(['ok']);
  });
});
