/** The hub: every viewer gets the newest of each thing, a slow one costs a slot and not a queue. */
import { describe, expect, it } from 'vitest';
import { createEventHub, type EventSink, HUB_LIMITS } from './event-hub.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function openSink(isFree: () => boolean) {
  const sent: string[] = [];
  let drain = () => {};
  const sink: EventSink = {
    write: (text) => {
      sent.push(text);
      return isFree();
    },
    onDrain: (callback) => {
      drain = callback;
    },
    close: () => sent.push('closed'),
  };
  return { sent, sink, drain: () => drain() };
}

describe('createEventHub', () => {
  it('sends the newest of each thing once, however often it changed', async () => {
    let value = 0;
    const hub = createEventHub<null>({ render: async () => value, onFault: () => {} });
    const { sent, sink } = openSink(() => true);
    hub.add(null, sink, []);
    for (value = 1; value < 1000; value++) hub.touch('flow');
    hub.flush();
    await settle();
    expect(sent).toEqual(['event: flow\ndata: 1000\n\n']);
  });

  it('holds back from a line that is full, and sends only the newest when it is free', async () => {
    let value = 0;
    let isFree = false;
    const hub = createEventHub<null>({ render: async () => value, onFault: () => {} });
    const { sent, sink, drain } = openSink(() => isFree);
    hub.add(null, sink, []);
    for (value = 1; value <= 50; value++) {
      hub.touch('flow');
      hub.flush();
      hub.heartbeat();
      await settle();
    }
    expect(sent).toEqual(['event: flow\ndata: 1\n\n']);
    isFree = true;
    drain();
    await settle();
    expect(sent).toEqual(['event: flow\ndata: 1\n\n', 'event: flow\ndata: 51\n\n']);
  });

  it('gives everybody only what they may see', async () => {
    const hub = createEventHub<string>({
      render: async ({ name }, viewer) => (name === 'alarm' && viewer !== 'operator' ? null : viewer),
      onFault: () => {},
    });
    const [member, operator] = [openSink(() => true), openSink(() => true)];
    hub.add('member', member.sink, []);
    hub.add('operator', operator.sink, []);
    hub.touch('alarm', '1');
    hub.flush();
    await settle();
    expect([member.sent.length, operator.sent.length]).toEqual([0, 1]);
  });

  it('has room for so many viewers and changes, and forgets who left', async () => {
    const hub = createEventHub<null>({ render: async () => 1, onFault: () => {} });
    const removes = Array.from({ length: HUB_LIMITS.viewersMax }, () => hub.add(null, openSink(() => false).sink, []));
    expect(hub.add(null, openSink(() => true).sink, [])).toBeNull();
    removes[0]?.();
    expect(hub.size()).toBe(HUB_LIMITS.viewersMax - 1);
    const late = openSink(() => true);
    const first = Array.from({ length: 3000 }, (_, n) => ({ name: 'device' as const, id: String(n) }));
    expect(hub.add(null, late.sink, first)).not.toBeNull();
    await settle();
    expect(late.sent).toHaveLength(HUB_LIMITS.pendingMax);
    hub.close();
    expect([hub.size(), late.sent.at(-1)]).toEqual([0, 'closed']);
  });

  it('gives every edge its turn, and drops changes of the one that has most: the alarm of another comes through', async () => {
    let isFree = false;
    const hub = createEventHub<null>({ render: async ({ name, id }) => `${name} ${id}`, onFault: () => {} });
    const { sent, sink, drain } = openSink(() => isFree);
    hub.add(null, sink, [{ name: 'clock', id: '' }]);
    await settle();
    hub.touch('alarm', 'a');
    hub.touch('device', 'good/home', 'good');
    hub.touch('badge', 'b', 'good');
    for (let n = 0; n < 3 * HUB_LIMITS.pendingMax; n++) hub.touch('device', `evil/${n}`, 'evil');
    isFree = true;
    drain();
    await settle();
    expect(sent).toHaveLength(HUB_LIMITS.pendingMax + 1);
    for (const told of ['alarm a', 'device good/home', 'badge b']) {
      expect(sent.slice(0, 6).join('')).toContain(`"${told}"`);
    }
  });

  it('survives what cannot be rendered', async () => {
    const faults: unknown[] = [];
    const hub = createEventHub<null>({
      render: async ({ id }) => (id === 'bad' ? Promise.reject(new Error('disk')) : id),
      onFault: (error) => faults.push(error),
    });
    const { sent, sink } = openSink(() => true);
    hub.add(null, sink, []);
    hub.touch('device', 'bad');
    hub.touch('device', 'good');
    hub.flush();
    await settle();
    hub.flush();
    await settle();
    expect(faults).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });
});
