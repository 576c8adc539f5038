import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { FrameScanner } from './frame-scanner.ts';

const publish = (size: number) =>
  generate({ cmd: 'publish', topic: 't', payload: Buffer.alloc(size), qos: 0, dup: false, retain: false });

describe('the frame scanner', () => {
  it('passes packets within the limit however the stream is cut, and stops the first beyond it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }),
        (sizes, cuts) => {
          const stream = Buffer.concat(sizes.map(publish));
          const scanner = new FrameScanner();
          let fault: string | null = null;
          for (let at = 0, i = 0; at < stream.length && fault === null; i++) {
            const step = cuts[i % cuts.length] ?? 1;
            const scan = scanner.scan(stream.subarray(at, at + step), { bodyBytesMax: 203, packetsMax: 2 });
            fault = scan.fault;
            at += scan.end;
          }
          // Topic `t` takes three bytes of the remaining length.
          expect(fault).toBe(sizes.some((size) => size + 3 > 203) ? 'too-large' : null);
        },
      ),
    );
  });

  it('hands over no more packets than allowed, and goes on where it stopped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 7 }), (count, packetsMax) => {
        const one = publish(5);
        const stream = Buffer.concat(Array.from({ length: count }, () => one));
        const scanner = new FrameScanner();
        const taken: number[] = [];
        for (let at = 0; at < stream.length; ) {
          const { end, packets } = scanner.scan(stream.subarray(at), { bodyBytesMax: 100, packetsMax });
          expect(end).toBe(packets * one.length);
          taken.push(packets);
          at += end;
        }
        expect(taken.every((packets) => packets <= packetsMax)).toBe(true);
        expect(taken.reduce((sum, packets) => sum + packets, 0)).toBe(count);
      }),
    );
  });

  it.each([
    ['a claim of 256 MB', [0x10, 0xff, 0xff, 0xff, 0x7f], 'too-large'],
    ['a length of five bytes', [0x10, 0xff, 0xff, 0xff, 0xff], 'malformed'],
    ['a PUBACK of three bytes', [0x40, 0x03, 0, 1, 0], 'length'],
    ['a PUBREC of three bytes', [0x50, 0x03, 0, 1, 0], 'length'],
    ['a PUBREL of four bytes', [0x62, 0x04, 0, 1, 0, 0], 'length'],
    ['a PUBCOMP of one byte', [0x70, 0x01, 1], 'length'],
    ['a PINGREQ with a body', [0xc0, 0x01, 0], 'length'],
    ['a DISCONNECT with a body', [0xe0, 0x02, 0, 0], 'length'],
    ['a CONNACK from a client', [0x20, 0x02, 0, 0], 'server-packet'],
    ['a SUBACK from a client', [0x90, 0x03, 0, 1, 0], 'server-packet'],
    ['an AUTH of MQTT 5', [0xf0, 0x02, 0, 0], 'server-packet'],
    ['a packet of type 0', [0x00, 0x00], 'server-packet'],
  ] as const)('stops %s', (_, bytes, fault) => {
    const limits = { bodyBytesMax: 4096, packetsMax: 10 };
    expect(new FrameScanner().scan(Uint8Array.from(bytes), limits).fault).toBe(fault);
  });

  it.each([[0x40], [0x50], [0x62], [0x70]])('passes a confirmation of two bytes, type %s', (type) => {
    const limits = { bodyBytesMax: 4096, packetsMax: 10 };
    expect(new FrameScanner().scan(Uint8Array.of(type, 2, 0, 1), limits)).toEqual({ fault: null, end: 4, packets: 1 });
  });
});
