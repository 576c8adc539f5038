/** What people are told of a log that fell back or is damaged: which agent, how many packs, since when. */
import type { LogState } from '@commonworks/core';
import { expect, it } from 'vitest';
import { type LogSeen, logConditions } from './log-conditions.ts';

const NOW = Date.UTC(2026, 10, 28, 12);
const HOUR = 3_600_000;
const at = { nowMs: NOW, zone: 'Europe/Vienna' };
const state = (change: Partial<LogState>): LogState => ({
  ...{ id: 'log', generation: 1, sinceMs: 0, cause: 'created', holes: [], damage: 'none', fallenBehind: [] },
  ...change,
});
const seen = (change: Partial<LogSeen>): LogSeen => ({
  ...{ state: state({}), names: new Map([['e1', 'roof']]), replacedMs: null },
  ...change,
});
const told = (of: Partial<LogSeen>) => logConditions(seen(of), at).map(({ code, message }) => `${code}: ${message}`);
const behind = { edge: 'e1', epoch: 'p', heldSeq: 200, markSeq: 100, sinceMs: NOW - HOUR };
const hole = { edge: 'e1', packs: 5, asked: 2, mended: 1, declared: 1, sinceMs: NOW - HOUR, lastMs: NOW - HOUR };

it.each<[string, Partial<LogSeen>, RegExp[]]>([
  ['a sound log', {}, []],
  ['a broker that never answered', { state: null }, []],
  ['a log put back on purpose', { state: state({ cause: 'restored', generation: 2, sinceMs: NOW - HOUR }) }, []],
  ['an older file', { state: state({ cause: 'rolled-back', sinceMs: NOW - HOUR }) }, [/rolled-back: .*before 12:00/]],
  ['an older file long ago', { state: state({ cause: 'rolled-back', sinceMs: NOW - 200 * HOUR }) }, []],
  ['an edge that was told more', { state: state({ fallenBehind: [behind] }) }, [/rolled-back: .*Still behind: roof\./]],
  ['another log than was read', { replacedMs: NOW - HOUR }, [/rolled-back/]],
  [
    'damaged packs',
    { state: state({ holes: [hole], damage: 'damaged' }) },
    [/damaged: Since 12:00 5 stored packs of roof .*: 1 came again, 2 are asked for again, 2 are lost/],
  ],
  [
    'damage whose owner nobody knows',
    { state: state({ holes: [{ ...hole, edge: null, asked: 0, mended: 0, packs: 1 }] }) },
    [/1 stored pack of an agent that cannot be told any more/],
  ],
  ['damage that is mended for long', { state: state({ holes: [{ ...hole, asked: 0, lastMs: 0 }] }) }, []],
])('%s is told so', (_, of, messages) => {
  const words = told(of);
  expect(words).toHaveLength(messages.length);
  for (const [k, message] of messages.entries()) expect(words[k]).toMatch(message);
});
