import { randomBytes, randomUUID, scryptSync } from 'node:crypto';
import type { AccessDocument } from '@commonworks/core';
import { describe, expect, it } from 'vitest';
import type { SavedAccess } from '../broker-tables.ts';
import { AccessKeeper } from './access-keeper.ts';
import { Credentials } from './credentials.ts';
import { hashSecret, isSecretHash, verifySecret } from './secret-hash.ts';
import { TopicRules } from './topic-rules.ts';

const COMMUNITY = randomUUID();
const EDGE = randomUUID();
const secretHash = hashSecret('right');
/** As earlier versions of the community made them. */
const dearHash = (() => {
  const salt = randomBytes(16);
  const hash = scryptSync('right', salt, 32, { N: 1024, r: 8, p: 1 });
  return `scrypt$1024$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
})();

function documentOf(version: number, more: Partial<AccessDocument['principals'][number]> = {}): AccessDocument {
  return {
    version,
    community: COMMUNITY,
    principals: [{ user: EDGE, role: 'edge', secretHash, enabled: true, ...more }],
  };
}

describe('a secret hash', () => {
  it('verifies the right secret only', async () => {
    expect(await verifySecret(Buffer.from('right'), secretHash)).toBe(true);
    expect(await verifySecret(Buffer.from('wrong'), secretHash)).toBe(false);
    expect(await verifySecret(Buffer.from('right'), dearHash)).toBe(true);
    expect(await verifySecret(Buffer.from('wrong'), dearHash)).toBe(false);
  });

  it('is refused when it is malformed or would cost more memory than a log-in may', () => {
    const salted = '$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA';
    expect(isSecretHash(`scrypt$32768$8$1${salted}`)).toBe(true);
    for (const bad of [
      '',
      'plain',
      `sha256${salted}`,
      `scrypt$1048576$8$1${salted}`,
      `scrypt$32767$8$1${salted}`,
      `scrypt$32768$8$0${salted}`,
    ]) {
      expect(isSecretHash(bad)).toBe(false);
    }
  });
});

describe('logging in', () => {
  const setUp = (document: AccessDocument) => {
    const credentials = new Credentials({ access: () => document, serviceToken: 'token' });
    const check = async (user: string, secret: string, clientId = user) => {
      const result = await credentials.check({ user, secret: Buffer.from(secret), clientId, address: '192.0.2.1' });
      return result.ok ? result.value.role : result.reason;
    };
    return { check };
  };

  it('takes an edge under its own client id or an assigned one, and the service under several', async () => {
    const { check } = setUp(documentOf(1));
    expect(await check(EDGE, 'right')).toBe('edge');
    expect(await check(EDGE, 'right', '')).toBe('edge');
    expect(await check('service', 'token', 'service-flows')).toBe('service');
    expect(await check(EDGE, 'right', `${EDGE}-2`)).toBe('broker.login-refused');
    expect(await check('service', 'token', EDGE)).toBe('broker.login-refused');
  });

  it('refuses wrong secrets, unknown users and disabled ones alike', async () => {
    const { check } = setUp(documentOf(1, { enabled: false }));
    expect(await check(EDGE, 'right')).toBe('broker.login-refused');
    expect(await check(randomUUID(), 'right')).toBe('broker.login-refused');
    expect(await check('service', 'nope')).toBe('broker.login-refused');
  });

  it('never turns a right secret away, however many wrong ones come from the same address', async () => {
    for (const hash of [secretHash, dearHash]) {
      const { check } = setUp(documentOf(1, { secretHash: hash }));
      const guesses = Array.from({ length: 300 }, (_, i) => check(i % 2 === 0 ? EDGE : randomUUID(), `guess ${i}`));
      expect(await check(EDGE, 'right')).toBe('edge');
      expect(await check('service', 'token', 'service-community')).toBe('service');
      expect(new Set(await Promise.all(guesses)).has('edge')).toBe(false);
    }
  });

  it('checks a dear secret once, and then neither right nor wrong ones cost anything', async () => {
    const { check } = setUp(documentOf(1, { secretHash: dearHash }));
    expect(await check(EDGE, 'right')).toBe('edge');
    const order: string[] = [];
    const answers = [check(EDGE, 'wrong'), check(EDGE, 'right')].map((answer) =>
      answer.then((role) => order.push(role)),
    );
    await Promise.all(answers);
    expect(order).toEqual(['broker.login-refused', 'edge']);
  });

  it('gives a client id to the user with the longest name in it, never to two', async () => {
    const people = ['ann', 'ann-b', 'ann-b-c'].map((user) => ({
      user,
      role: 'operator' as const,
      secretHash,
      enabled: true,
    }));
    const { check } = setUp({ version: 1, community: COMMUNITY, principals: people });
    expect(await check('ann', 'right', 'ann-1')).toBe('operator');
    expect(await check('ann', 'right', 'ann-b')).toBe('broker.login-refused');
    expect(await check('ann', 'right', 'ann-b-1')).toBe('broker.login-refused');
    expect(await check('ann-b', 'right', 'ann-b-1')).toBe('operator');
    expect(await check('ann-b', 'right', 'ann-b-c-1')).toBe('broker.login-refused');
    expect(await check('ann-b-c', 'right', 'ann-b-c-1')).toBe('operator');
    expect(await check('ann', 'right', 'anna')).toBe('broker.login-refused');
  });
});

describe('the access document', () => {
  const setUp = () => {
    const saved: SavedAccess[] = [];
    let replaced = 0;
    const keeper = new AccessKeeper({
      community: COMMUNITY,
      saved: null,
      save: async (access) => void saved.push(access),
      now: () => 42,
      onReplaced: () => (replaced += 1),
    });
    return { keeper, saved, count: () => replaced };
  };

  it('is in force and saved; an older one is refused', async () => {
    const { keeper, saved, count } = setUp();
    expect(await keeper.replace(documentOf(2))).toEqual({ ok: true, value: 2 });
    expect(await keeper.replace(documentOf(1))).toMatchObject({ ok: false, reason: 'broker.access-older' });
    expect([keeper.version, keeper.syncedMs, saved.length, count()]).toEqual([2, 42, 1, 1]);
  });

  it('is in force at once, before the disk has it and although the disk may refuse it', async () => {
    let inForceAtSave = 0;
    const keeper: AccessKeeper = new AccessKeeper({
      ...{ community: COMMUNITY, saved: null, now: () => 42, onReplaced: () => undefined },
      save: async () => {
        inForceAtSave = keeper.version;
        throw new Error('the disk is full');
      },
    });
    await expect(keeper.replace(documentOf(7))).rejects.toThrow('the disk is full');
    expect([inForceAtSave, keeper.version]).toEqual([7, 7]);
  });

  it('is refused when malformed, foreign, doubled or with hashes that cannot be checked', async () => {
    const { keeper } = setUp();
    const [principal] = documentOf(1).principals;
    const bad = [
      null,
      { version: 1 },
      { ...documentOf(1), community: randomUUID() },
      { ...documentOf(1), principals: [principal, principal] },
      documentOf(1, { secretHash: 'md5$x' }),
      documentOf(1, { user: 'service' }),
    ];
    for (const document of bad) {
      expect(await keeper.replace(document)).toMatchObject({ ok: false, reason: 'broker.access-invalid' });
    }
    expect(keeper.version).toBe(0);
  });
});

describe('topic rules', () => {
  const rules = new TopicRules(COMMUNITY);
  const as = (role: AccessDocument['principals'][number]['role'], user: string = role) => ({ user, role, secretHash });
  const at = (channel: string, edge: string = EDGE, community: string = COMMUNITY) => `${community}/${edge}/${channel}`;

  it.each([
    ['edge', at('data'), 1, false, true],
    ['edge', at('data'), 0, false, false],
    ['edge', at('data'), 2, false, false],
    ['edge', at('data'), 1, true, false],
    ['edge', at('live'), 0, false, true],
    ['edge', at('live'), 0, true, false],
    ['edge', at('status'), 1, true, true],
    ['edge', at('cmd'), 1, false, false],
    ['edge', at('mark'), 1, false, false],
    ['edge', at('ask'), 0, false, true],
    ['edge', at('ask'), 1, false, false],
    ['edge', at('ask'), 0, true, false],
    ['edge', at('ask', randomUUID()), 0, false, false],
    ['edge', at('time'), 0, false, false],
    ['service', at('time'), 0, false, false],
    ['edge', at('data', randomUUID()), 1, false, false],
    ['edge', at('data', EDGE, randomUUID()), 1, false, false],
    ['edge', '$SYS/x/y', 0, false, false],
    ['service', at('cmd'), 1, false, true],
    ['service', at('cmd'), 1, true, false],
    ['service', at('data'), 1, false, false],
    ['service', at('cmd', 'not-an-id'), 1, false, false],
    ['operator', at('cmd'), 1, false, false],
    ['readonly', at('live'), 0, false, false],
  ] as const)(
    'a user of role %s publishing on %s with QoS %i, retain %s: %s',
    (role, topic, qos, retain, isAllowed) => {
      const user = role === 'edge' ? EDGE : role;
      expect(rules.publish(as(role, user), { topic, qos, retain }).ok).toBe(isAllowed);
    },
  );

  it.each([
    ['edge', at('mark'), true],
    ['edge', at('cmd'), true],
    ['edge', at('time'), true],
    ['edge', at('time', randomUUID()), false],
    ['edge', at('ask'), false],
    ['edge', at('data'), false],
    ['edge', `${COMMUNITY}/+/cmd`, false],
    ['edge', at('cmd', randomUUID()), false],
    ['service', `${COMMUNITY}/#`, true],
    ['service', '#', false],
    ['service', `+/+/data`, false],
    ['service', `${COMMUNITY}`, false],
    ['operator', `${COMMUNITY}/+/live`, true],
    ['operator', '$SYS/#', false],
    ['operator', `$share/group/${COMMUNITY}/#`, false],
    ['readonly', `${COMMUNITY}/+/live`, true],
    ['readonly', at('status'), true],
    ['readonly', `${COMMUNITY}/#`, false],
    ['readonly', `${COMMUNITY}/+/data`, false],
    ['service', `${COMMUNITY}/a#`, false],
    ['service', `${COMMUNITY}/+a/x`, false],
    ['service', `${COMMUNITY}/#/x`, false],
  ] as const)('a user of role %s subscribing to %s: %s', (role, filter, isAllowed) => {
    const user = role === 'edge' ? EDGE : role;
    expect(rules.subscribe(as(role, user), filter).ok).toBe(isAllowed);
  });
});
