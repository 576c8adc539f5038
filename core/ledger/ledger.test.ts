/** Laws of the ledger: balance, canonical text, a chain in which nothing can move. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Canonical, canonicalJson } from '../canonical-json.ts';
import { chainEntry, EMPTY_HEAD, entryFault, entryId, type LedgerEntry, linkHash, sessionEntry } from './index.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const entry = (amounts: readonly number[], unit = 'EUR'): LedgerEntry => ({
  community: uuid(1),
  id: entryId(['test', amounts.length], sha256),
  kind: 'payment',
  period: '2026-10',
  timeMs: 1,
  reason: 'test',
  references: { note: 'x' },
  postings: amounts.map((amount) => ({ account: `member/${uuid(2)}`, unit, amount })),
});

describe('canonicalJson', () => {
  it('sorts keys, has no white space and refuses what machines could disagree about', () => {
    expect(canonicalJson({ b: [1, -0, null, 'é"'], a: { z: true, y: false } })).toBe(
      '{"a":{"y":false,"z":true},"b":[1,0,null,"é\\""]}',
    );
    expect(() => canonicalJson(0.5)).toThrow();
    expect(() => canonicalJson(2 ** 53)).toThrow();
    expect(() => canonicalJson(Number.NaN)).toThrow();
  });

  it('is the same for every order of keys, and reads back', () => {
    const value = fc.letrec<{ node: Canonical }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger().map((number) => number + 0 || 0),
        fc.string(),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(fc.string({ minLength: 1 }), tie('node'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).node;
    fc.assert(
      fc.property(value, (one) => {
        const text = canonicalJson(one);
        expect(canonicalJson(JSON.parse(text) as Canonical)).toBe(text);
        expect(JSON.parse(text)).toEqual(one);
      }),
    );
  });
});

describe('entryFault', () => {
  it('finds every entry that does not sum to zero, and none that does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 20 }), (amounts) => {
        const sum = amounts.reduce((total, amount) => total + amount, 0);
        expect(entryFault(entry(amounts)) === null).toBe(sum === 0);
        expect(entryFault(entry([...amounts, -sum]))).toBeNull();
      }),
    );
  });

  it.each([
    ['fractions', entry([0.5, -0.5])],
    ['an account with a name in it', { ...entry([0]), postings: [{ account: 'member/Anna', unit: 'EUR', amount: 0 }] }],
    ['an unknown unit', entry([0], 'kWh')],
    [
      'units that only cancel across each other',
      {
        ...entry([1]),
        postings: [
          { account: 'community', unit: 'EUR', amount: 1 },
          { account: 'community', unit: 'mWh', amount: -1 },
        ],
      },
    ],
  ])('refuses %s', (_, wrong) => {
    expect(entryFault(wrong)).not.toBeNull();
  });
});

describe('the chain', () => {
  it('has a hash that anyone can repeat', () => {
    const link = chainEntry(EMPTY_HEAD, entry([1, -1]), sha256);
    expect(link.hash).toBe(sha256(`${'0'.repeat(64)}\n1\n${canonicalJson(entry([1, -1]))}`));
    expect(linkHash(link, sha256)).toBe(link.hash);
  });

  it('changes with its position, its predecessor and any byte of its body', () => {
    const link = chainEntry(EMPTY_HEAD, entry([1, -1]), sha256);
    expect(linkHash({ ...link, position: 2 }, sha256)).not.toBe(link.hash);
    expect(linkHash({ ...link, previous: link.hash }, sha256)).not.toBe(link.hash);
    expect(linkHash({ ...link, body: link.body.replace('test', 'tent') }, sha256)).not.toBe(link.hash);
  });
});

describe('sessionEntry', () => {
  it('charges running time at the price, once a session, and posts nothing for nothing', () => {
    const charge = {
      community: uuid(1),
      currency: 'EUR',
      session: uuid(3),
      machine: uuid(4),
      member: uuid(2),
      endMs: 5,
    };
    // 20 minutes at 24.00 an hour are 8.00.
    const made = sessionEntry({ ...charge, runningS: 1200, pricePerHour: '2400' }, '2026-10', sha256);
    expect(made?.postings.map((posting) => posting.amount)).toEqual([800, -800]);
    expect(made && entryFault(made)).toBeNull();
    expect(sessionEntry({ ...charge, runningS: 0, pricePerHour: '2400' }, '2026-10', sha256)).toBeNull();
  });
});
