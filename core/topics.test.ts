import { describe, expect, it } from 'vitest';
import { channelFilter, edgeTopic, parseEdgeTopic } from './topics.ts';

describe('topics', () => {
  it('begin with the community and read back', () => {
    expect(edgeTopic('c', 'e', 'data')).toBe('c/e/data');
    expect(parseEdgeTopic('c/e/data')).toEqual({ community: 'c', edge: 'e', channel: 'data' });
    expect(channelFilter('c', 'live')).toBe('c/+/live');
  });
  it.each(['', 'c', 'c/e', 'c/e/other', 'c/e/data/x', '/e/data', 'c//data'])('are not %j', (topic) => {
    expect(parseEdgeTopic(topic)).toBeNull();
  });
});
