import { expect, it } from 'vitest';
import { packetFault } from './packet-rules.ts';

it.each([
  [{ cmd: 'publish', topic: 'a/\u0000b', qos: 0 }],
  [{ cmd: 'publish', topic: 'a/\ufffd', qos: 0 }],
  [{ cmd: 'publish', topic: 'a', qos: 1, messageId: 0 }],
  [{ cmd: 'publish', topic: 'a', qos: 0, dup: true }],
  [{ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a\u001f' }] }],
  [{ cmd: 'subscribe', messageId: 0, subscriptions: [{ topic: 'a' }] }],
  [{ cmd: 'unsubscribe', messageId: 1, unsubscriptions: [] }],
  [{ cmd: 'puback', messageId: 0 }],
  [{ cmd: 'connect', clientId: 'a\u007f' }],
  [{ cmd: 'connect', clientId: 'a', will: { topic: 't', qos: 3 } }],
])('a packet against the rules has a fault: %j', (packet) => {
  expect(packetFault(packet)).not.toBeNull();
});

it.each([
  [{ cmd: 'publish', topic: 'Gemeinschaft/Zähler/wärme', qos: 0 }],
  [{ cmd: 'publish', topic: 'a', qos: 2, messageId: 7, dup: true }],
  [{ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a/+/#' }] }],
  [{ cmd: 'connect', clientId: '', username: 'x', will: { topic: 't', qos: 1 } }],
  [{ cmd: 'pingreq' }],
])('a packet within the rules has none: %j', (packet) => {
  expect(packetFault(packet)).toBeNull();
});
