import { generate } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { claimedId } from './claimed-id.ts';

const connect = (payload: number, clientId = 'edge-7') =>
  generate({
    ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 30, clientId },
    will: { topic: 'c/e/status', payload: Buffer.alloc(payload), qos: 1, retain: true },
  });

describe('The id a CONNECT claims', () => {
  it.each([0, 100, 5000, 60_000])('is read from its first bytes, whatever follows (will of %i bytes)', (size) => {
    expect(claimedId(connect(size).subarray(0, 200))).toBe('edge-7');
  });

  it('is unknown when it is not there', () => {
    const whole = connect(0);
    for (let length = 0; length < 22; length++) expect(claimedId(whole.subarray(0, Math.min(length, 19)))).toBeNull();
    expect(claimedId(Buffer.from([0x30, 2, 0, 0]))).toBeNull();
    expect(claimedId(Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))).toBeNull();
  });
});
