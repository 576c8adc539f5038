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
            fault = scanner.scan(stream.subarray(at, at + step), 203);
            at += step;
          }
          // Topic `t` takes three bytes of the remaining length.
          expect(fault).toBe(sizes.some((size) => size + 3 > 203) ? 'too-large' : null);
        },
      ),
    );
  });

  it('stops a claim of 256 MB at its header, and a length of five bytes', () => {
    expect(new FrameScanner().scan(Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f), 4096)).toBe('too-large');
    expect(new FrameScanner().scan(Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0xff), 4096)).toBe('malformed');
  });
});
