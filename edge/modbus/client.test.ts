import { once } from 'node:events';
import { connect } from 'node:net';
import { isCoded } from '@commonworks/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createModbusClient } from './client.ts';
import { createMbapFraming } from './mbap-framing.ts';
import { createRtuFraming } from './rtu-framing.ts';
import { type SlaveAnswer, startTestSlave, type TestSlave } from './test-slave.ts';

const KINDS = ['tcp', 'rtu'] as const;

async function openClient(slave: TestSlave, kind: (typeof KINDS)[number], timeoutMs = 1000) {
  const socket = connect({ port: slave.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const framing = kind === 'tcp' ? createMbapFraming(65_530) : createRtuFraming();
  return createModbusClient(socket, framing, { timeoutMs, turnaroundMs: 0, settleMs: kind === 'tcp' ? 0 : 5 });
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return 'succeeded';
  } catch (error) {
    return isCoded(error) ? error.code : String(error);
  }
}

describe.each(KINDS)('A Modbus client over %s', (kind) => {
  it('reads and writes registers and coils', async () => {
    await using slave = await startTestSlave(kind);
    const client = await openClient(slave, kind);
    slave.registers.set(7, 513);
    expect(await client.readRegisters(3, 'input', { address: 6, count: 3 })).toEqual([0, 513, 0]);
    await client.writeRegisters(3, 100, [1, 65_535]);
    expect(await client.readRegisters(3, 'holding', { address: 100, count: 2 })).toEqual([1, 65_535]);
    await client.writeCoil(3, 9, true);
    expect([await client.readCoil(3, 9), await client.readCoil(3, 8)]).toEqual([true, false]);
    client.close();
  });

  it('names the exception a device answers with', async () => {
    await using slave = await startTestSlave(kind);
    slave.answer = (request, _right, send) => send(slave.frame(request, Buffer.from([0x84, 2])));
    const client = await openClient(slave, kind);
    const attempt = client.readRegisters(1, 'input', { address: 0, count: 2 });
    await expect(attempt).rejects.toMatchObject({ code: 'edge.modbus-exception', detail: { exception: 2 } });
    client.close();
  });

  it('names the unit that answered for another', async () => {
    await using slave = await startTestSlave(kind);
    slave.answer = (request, _right, send) => send(slave.frame({ ...request, unit: 7 }, Buffer.from([4, 2, 0, 9])));
    const client = await openClient(slave, kind);
    const attempt = client.readRegisters(3, 'input', { address: 0, count: 1 });
    await expect(attempt).rejects.toMatchObject({
      code: 'edge.modbus-foreign-unit',
      message: expect.stringContaining('unit 7 answered a request for unit 3'),
    });
    slave.answer = (_request, _right, send) => send(Buffer.from([1, 2, 3]));
    expect(await codeOf(client.readRegisters(3, 'input', { address: 0, count: 1 }))).not.toBe(
      'edge.modbus-foreign-unit',
    );
    client.close();
  });

  it('never takes a late reply for the answer to the next request', async () => {
    await using slave = await startTestSlave(kind);
    const client = await openClient(slave, kind);
    let late: Buffer | null = null;
    slave.answer = (_request, right) => {
      late = right;
    };
    slave.registers.set(0, 111);
    slave.registers.set(50, 222);
    expect(await codeOf(client.readRegisters(1, 'input', { address: 0, count: 1 }))).toBe('edge.modbus-timeout');
    slave.answer = (_request, right, send) => {
      // On RTU only another unit can be told apart: the bus rests a silent unit for longer than replies live.
      if (late !== null) send(late);
      late = null;
      send(right);
    };
    const unit = kind === 'tcp' ? 1 : 2;
    expect(await client.readRegisters(unit, 'input', { address: 50, count: 1 })).toEqual([222]);
    client.close();
  });

  it('waits on while replies of another unit, function or length pass by', async () => {
    await using slave = await startTestSlave(kind);
    slave.registers.set(5, 42);
    slave.answer = (request, right, send) => {
      const foreign = Buffer.from([4, 2, 0, 99]);
      send(slave.frame(request, foreign, { unit: request.unit + 1 }));
      send(slave.frame(request, Buffer.from([3, 2, 0, 99])));
      send(slave.frame(request, Buffer.from([4, 4, 0, 99, 0, 98])));
      send(right);
    };
    const client = await openClient(slave, kind);
    expect(await client.readRegisters(1, 'input', { address: 5, count: 1 })).toEqual([42]);
    client.close();
  });

  it('reads a reply that comes byte by byte', async () => {
    await using slave = await startTestSlave(kind);
    slave.registers.set(5, 42);
    slave.answer = (_request, right, send) => {
      for (const byte of right) send(Buffer.from([byte]));
    };
    const client = await openClient(slave, kind);
    expect(await client.readRegisters(1, 'input', { address: 5, count: 1 })).toEqual([42]);
    client.close();
  });

  it('fails at once when the connection ends', async () => {
    await using slave = await startTestSlave(kind);
    const client = await openClient(slave, kind, 5000);
    slave.answer = () => client.close();
    expect(await codeOf(client.readRegisters(1, 'input', { address: 5, count: 1 }))).toBe('bridge.link-unreachable');
  });
});

describe('Over TCP', () => {
  it('replies that come out of order, doubled or with a foreign number change nothing', async () => {
    await using slave = await startTestSlave('tcp');
    for (let address = 0; address < 200; address++) slave.registers.set(address, address + 1000);
    const held: Buffer[] = [];
    let count = 0;
    const answer: SlaveAnswer = (request, right, send) => {
      count += 1;
      // Each third reply is kept back and sent before later ones, and everything is sent twice.
      if (count % 3 === 0) held.push(right);
      else {
        for (const old of held) send(old);
        const foreign = (request.transaction + 1000) & 0xffff;
        send(slave.frame(request, right.subarray(7), { transaction: foreign }));
        send(right);
        send(right);
      }
    };
    slave.answer = answer;
    const client = await openClient(slave, 'tcp', 250);
    for (let address = 0; address < 30; address++) {
      const read = client.readRegisters(1, 'input', { address, count: 1 }).catch(() => null);
      expect([null, [address + 1000]]).toContainEqual(await read);
    }
    expect(await codeOf(client.readRegisters(1, 'input', { address: 199, count: 1 }))).toBe('succeeded');
    client.close();
  });
});

describe('Over TCP, the begin of a reply', () => {
  const READ = Buffer.from([1, 4, 0, 0, 0, 2, 0, 0]);
  const EXPECTED = { unit: 1, code: 4, replyBytes: 9 };
  const replyTo = (request: Buffer, values: readonly [number, number]) => {
    const reply = Buffer.from([...request.subarray(0, 4), 0, 7, 1, 4, 4, 0, 0, 0, 0]);
    values.forEach((value, n) => void reply.writeUInt16BE(value, 9 + n * 2));
    return reply;
  };

  it('that another one fills up, late or once more, never becomes a reply', () => {
    const cases = fc.record({
      first: fc.integer({ min: 0, max: 0xffff }),
      cut: fc.integer({ min: 1, max: 12 }),
      isLate: fc.boolean(),
      values: fc.tuple(fc.nat(0xffff), fc.nat(0xffff)),
    });
    const law = ({
      first,
      cut,
      isLate,
      values,
    }: {
      first: number;
      cut: number;
      isLate: boolean;
      values: [number, number];
    }) => {
      const framing = createMbapFraming(first);
      const earlier = replyTo(framing.wrap(READ), [0, 1]);
      const current = replyTo(framing.wrap(READ), values);
      const other = isLate ? earlier : current;
      const receive = () => {
        const taken = framing.receive(current.subarray(0, cut), EXPECTED);
        return taken ?? framing.receive(other, EXPECTED);
      };
      let reply: Buffer | null = null;
      try {
        reply = receive();
      } catch (error) {
        expect(String(error)).toMatch(/run into one|not Modbus TCP/);
      }
      if (reply !== null) expect(reply.subarray(0, 7)).toEqual(current.subarray(6));
    };
    fc.assert(fc.property(cases, law), { numRuns: 2000 });
  });

  it('may stand in a register without ending the connection', () => {
    const framing = createMbapFraming(41);
    const request = framing.wrap(READ);
    expect(framing.receive(replyTo(request, [42, 0]), EXPECTED)?.subarray(3, 7)).toEqual(Buffer.from([0, 42, 0, 0]));
  });
});

describe('On RTU', () => {
  it('a reply with a broken CRC is no reply', async () => {
    await using slave = await startTestSlave('rtu');
    slave.answer = (_request, right, send) => {
      const broken = Buffer.from(right);
      broken[3] = (broken[3] ?? 0) ^ 1;
      send(broken);
    };
    const client = await openClient(slave, 'rtu');
    expect(await codeOf(client.readRegisters(1, 'input', { address: 5, count: 1 }))).toBe('edge.modbus-corrupt');
    client.close();
  });

  it('finds the reply behind noise of any bytes, or nothing at all', () => {
    const expected = { unit: 1, code: 4, replyBytes: 7 };
    const reply = Buffer.from([1, 4, 2, 0, 42, 0x38, 0xef]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const framing = createRtuFraming();
        const found = framing.receive(Buffer.concat([Buffer.from(noise), reply]), expected);
        expect(found?.equals(reply)).toBe(true);
      }),
    );
  });
});

describe('Over TCP any bytes', () => {
  it('are passed over or end the connection, and never become a reply', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (chunks) => {
        const framing = createMbapFraming(7);
        framing.wrap(Buffer.from([1, 4, 0, 0, 0, 1, 0, 0]));
        try {
          for (const chunk of chunks) {
            expect(framing.receive(Buffer.from(chunk), { unit: 1, code: 4, replyBytes: 7 })).toBe(null);
          }
        } catch (error) {
          expect(String(error)).toMatch(/run into one|not Modbus TCP/);
        }
      }),
    );
  });
});
