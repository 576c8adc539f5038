import { describe, expect, it } from 'vitest';
import { channelFilter, devicesTopic, edgeTopic, parseEdgeTopic } from './topics.ts';

describe('topics', () => {
  it('begin with the community and read back', () => {
    expect(edgeTopic('c', 'e', 'data')).toBe('c/e/data');
    expect(parseEdgeTopic('c/e/data')).toEqual({ community: 'c', edge: 'e', channel: 'data' });
    expect(channelFilter('c', 'live')).toBe('c/+/live');
  });
  it('number the pages of a device list', () => {
    expect(devicesTopic('c', 'e', 12)).toBe('c/e/devices/12');
    expect(parseEdgeTopic('c/e/devices/12')).toEqual({ community: 'c', edge: 'e', channel: 'devices', page: 12 });
    expect(channelFilter('c', 'devices')).toBe('c/+/devices/+');
  });
  it.each(['c/e/devices', 'c/e/devices/', 'c/e/devices/01', 'c/e/devices/x', 'c/e/devices/1/2'])(
    'are not %j: a page has a number',
    (topic) => expect(parseEdgeTopic(topic)).toBeNull(),
  );
  it.each(['', 'c', 'c/e', 'c/e/other', 'c/e/data/x', '/e/data', 'c//data'])('are not %j', (topic) => {
    expect(parseEdgeTopic(topic)).toBeNull();
  });
});
