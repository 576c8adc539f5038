/** The live line: what was heard last counts, silence is noticed, refusals are retried with patience. */
import type { Flow, Machine } from '@commonworks/core/api/index.ts';
import { describe, expect, it } from 'vitest';
import { type EventStream, keepConnected } from './connection.ts';
import { createLiveStore, overlay, SILENCE_MS } from './live-store.ts';

const CLOCK = { nowMs: 1_000_000, speed: 60, mode: 'demo' as const };
const FLOW: Flow = { atMs: 1, nodes: [], residualW: null, ownCoverPct: null, socPct: null };

function storeAt(start = 0) {
  let tick = start;
  const store = createLiveStore(CLOCK, () => tick);
  return { store, pass: (ms: number) => (tick += ms) };
}

describe('the store', () => {
  it("carries the community's clock on at its speed, in whole milliseconds", () => {
    const { store, pass } = storeAt();
    pass(1_000.25);
    expect(store.nowMs()).toBe(1_000_000 + 60_015);
    store.onEvent('clock', { nowMs: 5_000_000, speed: 1, mode: 'system' });
    pass(10);
    expect(store.nowMs()).toBe(5_000_010);
  });

  it('calls nothing live any more after a silence, and everything after the next word', () => {
    const { store, pass } = storeAt();
    pass(SILENCE_MS + 1);
    store.beat();
    expect(store.isSilent.value).toBe(true);
    store.onEvent('flow', FLOW);
    expect(store.isSilent.value).toBe(false);
    expect(store.flow.value).toEqual(FLOW);
  });

  it('asks for lists to be fetched again after a reconnection, not after the first connection', () => {
    const { store } = storeAt();
    store.onState('connecting');
    store.onState('open');
    expect(store.generation.value).toBe(0);
    store.onState('lost');
    store.onState('open');
    expect(store.generation.value).toBe(1);
  });

  it('keeps the newest state of each thing and a bounded number of things', () => {
    const { store } = storeAt();
    for (let index = 0; index < 1_200; index += 1) {
      store.onEvent('machine', { id: `m${index}`, name: 'x' } as Machine);
    }
    expect(store.machines.value.size).toBe(1_000);
    expect(store.machines.value.has('m0')).toBe(false);
  });
});

describe('a fetched list with what was heard laid over it', () => {
  it('shows the heard state and appends what is new', () => {
    const heard = new Map([
      ['b', { id: 'b', value: 2 }],
      ['c', { id: 'c', value: 3 }],
    ]);
    const list = [
      { id: 'a', value: 1 },
      { id: 'b', value: 1 },
    ];
    expect(overlay(list, heard, ({ id }) => id).map(({ value }) => value)).toEqual([1, 2, 3]);
  });
});

describe('the connection', () => {
  function connect() {
    const streams: (EventStream & {
      say: (name: string, data?: unknown) => void;
      readyState: number;
      isClosed: boolean;
    })[] = [];
    const waits: { task: () => void; delayMs: number }[] = [];
    const states: string[] = [];
    const events: unknown[] = [];
    const controller = new AbortController();
    const open = () => {
      const listeners = new Map<string, (event: { data?: unknown }) => void>();
      const stream = {
        readyState: 0,
        isClosed: false,
        addEventListener: (name: string, listener: (event: { data?: unknown }) => void) =>
          void listeners.set(name, listener),
        close: () => {
          stream.isClosed = true;
        },
        say: (name: string, data?: unknown) => listeners.get(name)?.({ data }),
      };
      streams.push(stream);
      return stream;
    };
    const later = (task: () => void, delayMs: number) => {
      waits.push({ task, delayMs });
      return () => {};
    };
    const onState = (state: string) => void states.push(state);
    keepConnected(
      '/events',
      { open, later, onState, onEvent: (...event) => void events.push(event) },
      controller.signal,
    );
    return { streams, waits, states, events, controller };
  }

  it('waits longer after each refusal, at most half a minute, and starts afresh after a success', () => {
    const line = connect();
    const delays: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      const stream = line.streams.at(-1);
      if (stream === undefined) break;
      stream.readyState = 2;
      stream.say('error');
      delays.push(line.waits.at(-1)?.delayMs ?? 0);
      line.waits.at(-1)?.task();
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    line.streams.at(-1)?.say('open');
    const last = line.streams.at(-1);
    if (last !== undefined) last.readyState = 2;
    last?.say('error');
    expect(line.waits.at(-1)?.delayMs).toBe(1_000);
  });

  it('leaves a broken line to the browser, which retries by itself', () => {
    const line = connect();
    line.streams[0]?.say('error');
    expect(line.states).toEqual(['connecting', 'lost']);
    expect(line.waits).toEqual([]);
  });

  it('delivers events as data and ends with its signal', () => {
    const line = connect();
    line.streams[0]?.say('clock', '{"nowMs":1,"speed":1,"mode":"system"}');
    expect(line.events).toEqual([['clock', { nowMs: 1, speed: 1, mode: 'system' }]]);
    line.controller.abort();
    expect(line.streams[0]?.isClosed).toBe(true);
  });
});
