import { describe, expect, it } from 'vitest';
import { QUERIES_WAITING_MAX, Queries } from './queries.ts';

type Call = { readonly method: string; readonly answer: (page: string | null) => void };

const RANGE = { key: { edge: 'e', device: 'd', point: 'importedWh' }, span: { fromMs: 0, toMs: 1 }, limit: 1 };

/** A thread that answers when the test says so. */
class Rig {
  readonly calls: Call[] = [];
  starts = 0;
  ends = 0;
  died = Promise.withResolvers<never>();
  readonly queries: Queries;

  constructor(options: { idleMs?: number } = {}) {
    this.queries = new Queries(async () => {
      this.starts += 1;
      this.died = Promise.withResolvers<never>();
      const terminate = async () => {
        this.ends += 1;
      };
      return { call: this.#call as never, died: this.died.promise, terminate };
    }, options);
  }

  readonly #call = (method: string): Promise<string | null> =>
    new Promise((resolve, reject) => {
      this.calls.push({ method, answer: resolve });
      this.died.promise.catch(reject);
      if (method === 'close') resolve(null);
    });

  ask(signal = new AbortController().signal): Promise<string> {
    return this.queries.range(RANGE, signal);
  }

  async called(count: number): Promise<Call> {
    await expect.poll(() => this.calls.length).toBe(count);
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('the thread was not called');
    return call;
  }
}

describe('questions about the series', () => {
  it('start no thread before the first, and one for all', async () => {
    const rig = new Rig();
    expect(rig.starts).toBe(0);
    const answers = [rig.ask(), rig.ask()];
    (await rig.called(1)).answer('a');
    (await rig.called(2)).answer('b');
    expect([await Promise.all(answers), rig.starts]).toEqual([['a', 'b'], 1]);
  });

  it('go to their thread one at a time, and again while it has not caught up', async () => {
    const rig = new Rig();
    const answers = [rig.ask(), rig.queries.last({ limit: 1 }, new AbortController().signal)];
    (await rig.called(1)).answer(null);
    (await rig.called(2)).answer('a');
    (await rig.called(3)).answer('b');
    expect(await Promise.all(answers)).toEqual(['a', 'b']);
    expect(rig.calls.map(({ method }) => method)).toEqual(['range', 'range', 'last']);
  });

  it('are dropped before they run when nobody waits for the answer any more', async () => {
    const rig = new Rig();
    const gone = new AbortController();
    const first = rig.ask();
    const running = await rig.called(1);
    const second = rig.ask(gone.signal);
    const third = rig.ask();
    gone.abort();
    await expect(second).rejects.toThrow(/aborted/);
    running.answer('a');
    (await rig.called(2)).answer('c');
    expect([await first, await third, rig.queries.counts.dropped]).toEqual(['a', 'c', 1]);
  });

  it('are not asked again when their asker goes while the thread catches up', async () => {
    const rig = new Rig();
    const gone = new AbortController();
    const first = rig.ask(gone.signal);
    const running = await rig.called(1);
    gone.abort();
    running.answer(null);
    await expect(first).rejects.toThrow(/aborted/);
    expect(rig.calls.length).toBe(1);
  });

  it('are refused with a code when too many wait, and taken again when they do not', async () => {
    const rig = new Rig();
    const running = rig.ask();
    const waiting = Array.from({ length: QUERIES_WAITING_MAX }, () => rig.ask());
    await expect(rig.ask()).rejects.toMatchObject({ code: 'broker.queries-busy' });
    for (let count = 1; count <= QUERIES_WAITING_MAX + 1; count++) (await rig.called(count)).answer('a');
    await Promise.all([running, ...waiting]);
    const later = rig.ask();
    (await rig.called(QUERIES_WAITING_MAX + 2)).answer('b');
    expect(await later).toBe('b');
  });

  it('end with the broker: those that wait are refused, the one that runs is answered', async () => {
    const rig = new Rig();
    const first = rig.ask();
    const running = await rig.called(1);
    const second = rig.ask();
    const closing = rig.queries.close();
    await expect(second).rejects.toMatchObject({ code: 'broker.queries-busy' });
    running.answer('a');
    expect(await first).toBe('a');
    await closing;
    expect(rig.calls.map(({ method }) => method)).toEqual(['range', 'close']);
    await expect(rig.ask()).rejects.toMatchObject({ code: 'broker.queries-busy' });
  });

  it('fail with their thread when it dies, and the next one has another', async () => {
    const rig = new Rig();
    const answer = rig.ask();
    await rig.called(1);
    rig.died.reject(new Error('out of memory'));
    await expect(answer).rejects.toThrow('out of memory');
    const next = rig.ask();
    (await rig.called(2)).answer('b');
    expect([await next, rig.starts, rig.queries.counts.failed]).toEqual(['b', 2, 1]);
  });

  it('let their thread end when none comes for long', async () => {
    const rig = new Rig({ idleMs: 1 });
    const answer = rig.ask();
    (await rig.called(1)).answer('a');
    await answer;
    await expect.poll(() => rig.ends).toBe(1);
    const next = rig.ask();
    (await rig.called(3)).answer('b');
    expect([await next, rig.starts]).toEqual(['b', 2]);
  });
});
