/** How a flow holds a setpoint: leases are renewed in time, and the community is not flooded. */
import { accept, refuse } from '@commonworks/core';
import type { CommandRecord, CommandRequest } from '@commonworks/core/api/index.ts';
import { expect, it } from 'vitest';
import { Setpoint } from './setpoint.ts';

const EDGE = '01890000-0000-7000-8000-000000000001';

function record(request: CommandRequest): CommandRecord {
  const { edge, device, kind, value, reason } = request;
  const rest = { requestedBy: 'service', state: 'published' as const, observed: null, expiresMs: 0, steps: [] };
  return { id: EDGE, edge, device, kind, value, reason, ...rest };
}

function harness(refusal?: string) {
  const asked: CommandRequest[] = [];
  let nowMs = 1_000_000;
  const setpoint = new Setpoint(
    { edge: '', device: 'boiler-1', kind: 'setRelay', seconds: 600, reason: 'test' },
    {
      ask: async (request) => {
        asked.push(request);
        return refusal === undefined ? accept(record(request)) : refuse('flows.command-refused', refusal);
      },
      edgeOf: (device) => (device === 'boiler-1' ? accept(EDGE) : refuse('flows.device-unknown', device)),
      now: () => nowMs,
    },
  );
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { asked, setpoint, pass };
}

it('asks once for a value, holds it, and renews its lease at half its time', async () => {
  const { asked, setpoint, pass } = harness();
  const kinds: string[] = [];
  for (let second = 0; second <= 900; second += 10) {
    kinds.push((await setpoint.hold(1)).kind);
    pass(10_000);
  }
  expect(asked.map(({ edge, value, seconds }) => [edge, value, seconds])).toEqual(Array(4).fill([EDGE, 1, 600]));
  expect(kinds.filter((kind) => kind === 'asked').length).toBe(4);
});

it('asks for a new value at once, but never more often than every five seconds', async () => {
  const { asked, setpoint, pass } = harness();
  expect((await setpoint.hold(1)).kind).toBe('asked');
  pass(1000);
  expect((await setpoint.hold(0)).kind).toBe('skipped');
  pass(4000);
  expect((await setpoint.hold(0)).kind).toBe('asked');
  expect(asked.map((request) => request.value)).toEqual([1, 0]);
});

it('skips what comes while a request is under way', async () => {
  const { asked, setpoint, pass } = harness();
  const first = setpoint.hold(1);
  pass(60_000);
  expect((await setpoint.hold(0)).kind).toBe('skipped');
  expect((await first).kind).toBe('asked');
  expect(asked.length).toBe(1);
});

it('tells a refusal with its code, and tries again later', async () => {
  const { asked, setpoint, pass } = harness('not you');
  expect(await setpoint.hold(1)).toEqual({ kind: 'refused', code: 'flows.command-refused', message: 'not you' });
  pass(5000);
  await setpoint.hold(1);
  expect(asked.length).toBe(2);
});

it.each([['a word'], [Number.NaN], [undefined], [{}]])('refuses %s as a setpoint without asking', async (value) => {
  const { asked, setpoint } = harness();
  expect(await setpoint.hold(value)).toMatchObject({ kind: 'refused', code: 'flows.value-invalid' });
  expect(asked).toEqual([]);
});
