import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodePack, encodePack, type Sample } from '@commonworks/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outboxSteps } from './migrations.ts';
import { openOutbox } from './outbox.ts';
import { type OutboxOptions, openOutboxStore, type PackDraft } from './store.ts';

const EDGE = '01900000-0000-7000-8000-000000000001';
const BOOT = '01900000-0000-7000-8000-0000000000b0';
const EPOCHS = ['01900000-0000-7000-8000-0000000000e1', '01900000-0000-7000-8000-0000000000e2'] as const;
const NOW = Date.UTC(2025, 0, 1);
const LEASE = { boot: BOOT, deadlineMs: 1234.5 };

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outbox-'));
  file = join(folder, 'edge.outbox.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const options = (changes: Partial<OutboxOptions> = {}): OutboxOptions => ({
  file,
  edge: EDGE,
  boot: BOOT,
  newEpochs: EPOCHS,
  bytesMax: 10_000_000,
  ageMaxMs: 86_400_000,
  nowMs: NOW,
  ...changes,
});

function draft(value: number): PackDraft {
  const sample: Sample = { device: 'home-1', point: 'importedWh', timeMs: NOW + value, value, quality: 'good' };
  return { samples: [sample], events: [] };
}

const all = { packs: 10_000, bytes: 100_000_000 };

function codeOf(attempt: () => unknown): unknown {
  try {
    attempt();
    return 'succeeded';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe('An outbox', () => {
  it('numbers packs without gaps, in one file for all its lives', () => {
    for (let life = 0; life < 3; life++) {
      const store = openOutboxStore(options());
      store.append([draft(life * 2), draft(life * 2 + 1)], NOW);
      store.close();
    }
    const store = openOutboxStore(options());
    const packs = store.read(0, all);
    expect(packs.map((pack) => pack.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(packs.map((pack) => pack.epoch))).toEqual(new Set([EPOCHS[0]]));
    const { pack } = decodePack(packs[3]?.body ?? '');
    expect(pack).toMatchObject({ edge: EDGE, epoch: EPOCHS[0], seq: 4, boot: BOOT, samples: draft(3).samples });
    store.close();
  });

  it('lets wait what the mark does not cover, whatever marks come: one lower than before makes packs wait again', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 8 }), (marks) => {
        rmSync(file, { force: true });
        rmSync(`${file}-wal`, { force: true });
        rmSync(`${file}-shm`, { force: true });
        const store = openOutboxStore(options());
        store.append(
          Array.from({ length: 40 }, (_, i) => draft(i)),
          NOW,
        );
        const bodies = store.read(0, all).map((pack) => pack.body);
        for (const mark of marks) {
          const { backlog } = store.applyMark({ epoch: EPOCHS[0], seq: mark });
          expect(backlog.packs).toBe(40 - mark);
        }
        expect(store.read(0, all).map((pack) => pack.body)).toEqual(bodies.slice(marks.at(-1) ?? 0));
        store.close();
      }),
      { numRuns: 20 },
    );
  });

  it('never changes a pack', () => {
    const store = openOutboxStore(options());
    store.append([draft(1)], NOW);
    store.close();
    const db = new DatabaseSync(file);
    expect(() => db.exec("UPDATE pack SET body = 'x'")).toThrow('a pack never changes');
    db.close();
  });

  it('that is full drops the oldest and declares the gap', () => {
    const store = openOutboxStore(options({ bytesMax: 20_000 }));
    for (let i = 0; i < 500; i++) store.append([draft(i)], NOW);
    const packs = store.read(0, all);
    expect(store.backlog().bytes).toBeLessThanOrEqual(20_000);
    const dropped = new Set<number>();
    for (const { body } of packs) {
      for (const event of decodePack(body).pack.events) {
        expect(event).toMatchObject({ device: 'edge', type: 'gap', body: { epoch: EPOCHS[0] } });
        for (let seq = Number(event.body['fromSeq']); seq <= Number(event.body['toSeq']); seq++) dropped.add(seq);
      }
    }
    const first = packs[0]?.seq ?? 0;
    expect(first).toBeGreaterThan(1);
    // Earlier declarations were dropped themselves: what is left must cover everything, or the mark never moves.
    const undeclared = Array.from({ length: first - 1 }, (_, i) => i + 1).filter((seq) => !dropped.has(seq));
    expect(undeclared).toEqual([]);
    store.close();
  });

  it('drops what is too old by elapsed time, whatever its clock says', () => {
    let kernelMs = 5000;
    const time = { kernelBoot: BOOT, kernelMs: () => kernelMs };
    const store = openOutboxStore(options(), time);
    store.append([draft(1), draft(2)], 0);
    kernelMs += 86_400_000;
    expect(store.append([draft(3)], NOW).packs).toBe(3);
    kernelMs += 1;
    store.append([draft(4)], 0);
    const packs = store.read(0, all);
    expect(packs.map((pack) => pack.seq)).toEqual([3, 4, 5]);
    const event = decodePack(packs[2]?.body ?? '').pack.events[0];
    expect(event?.body).toMatchObject({ fromSeq: 1, toSeq: 2 });
    store.close();
  });

  it('goes on counting ages across restarts of the agent, and counts nothing while the machine is off', () => {
    const append = (kernelBoot: string, kernelMs: number) => {
      const store = openOutboxStore(options({ ageMaxMs: 1000 }), { kernelBoot, kernelMs: () => kernelMs });
      const { packs } = store.append([draft(kernelMs)], NOW);
      store.close();
      return packs;
    };
    expect(append('boot-1', 10_000)).toBe(1);
    expect(append('boot-1', 10_900)).toBe(2);
    // Years may have passed, or none.
    expect(append('boot-2', 7)).toBe(3);
    expect(append('boot-2', 107)).toBe(4);
    // The two of the first boot are 1,001 and 101 ms old now: one goes, and is declared.
    expect(append('boot-2', 108)).toBe(5);
  });

  it('takes over a file of the first version: nothing in it is too old, and no command is forgotten', () => {
    const db = new DatabaseSync(file);
    db.exec(`${outboxSteps(0).split('ALTER')[0]} PRAGMA user_version = 1; COMMIT`);
    db.prepare('INSERT INTO epoch (epoch, nextSeq, mark) VALUES (?, 2, 0)').run(EPOCHS[0]);
    const body = encodePack({ edge: EDGE, epoch: EPOCHS[0], seq: 1, boot: BOOT, ...draft(1) });
    const add = 'INSERT INTO pack (epoch, seq, body, bytes, createdMs) VALUES (?, 1, ?, ?, 5)';
    db.prepare(add).run(EPOCHS[0], body, body.length);
    db.exec("INSERT INTO command (id, body, state, receivedMs) VALUES ('c1', '{}', 'held', 5)");
    db.close();
    const store = openOutboxStore(options());
    expect(store.append([draft(2)], NOW).packs).toBe(2);
    expect(store.read(0, all)[0]?.body).toBe(body);
    expect(store.openCommands()).toEqual([{ id: 'c1', body: '{}', state: 'held', boot: '', deadlineMs: null }]);
    store.close();
  });

  it('sends of a file without hashes what is a whole pack of its own key, and declares the rest', () => {
    const db = new DatabaseSync(file);
    db.exec(`${outboxSteps(0).split('ALTER')[0]} PRAGMA user_version = 1; COMMIT`);
    db.prepare('INSERT INTO epoch (epoch, nextSeq, mark) VALUES (?, 5, 0)').run(EPOCHS[0]);
    const add = db.prepare('INSERT INTO pack (epoch, seq, body, bytes, createdMs) VALUES (?, ?, ?, ?, 5)');
    const bodyOf = (seq: number) => encodePack({ edge: EDGE, epoch: EPOCHS[0], seq, boot: BOOT, ...draft(seq) });
    const bodies = [bodyOf(1), bodyOf(2).replace('"n":"home-1', '"m":"home-1'), bodyOf(7), bodyOf(4)];
    for (const [i, body] of bodies.entries()) add.run(EPOCHS[0], i + 1, body, body.length);
    db.close();
    const store = openOutboxStore(options());
    expect(store.read(0, all).map(({ body }) => body)).toEqual([bodies[0], bodies[3]]);
    const [declaration] = store.read(4, all);
    const gaps = decodePack(declaration?.body ?? '').pack.events.map(({ body }) => [body['fromSeq'], body['toSeq']]);
    expect(gaps).toEqual([[2, 3]]);
    store.close();
  });

  it('remembers whose packs wait for their date, within one boot of the machine', () => {
    const time = (kernelBoot: string) => ({ kernelBoot, kernelMs: () => 1 });
    const undated = { samples: [{ ...draft(1).samples[0], timeMs: 5000 } as Sample], events: [] };
    const clock = (boot: string) => ({
      samples: [],
      events: [{ device: 'edge', type: 'clock', timeMs: NOW, body: { boot, offsetMs: NOW } }],
    });
    const live = (life: string, kernelBoot: string, drafts: PackDraft[]) => {
      const store = openOutboxStore(options({ boot: life }), time(kernelBoot));
      store.append(drafts, NOW);
      const untold = store.untoldLives();
      store.close();
      return untold;
    };
    const [first, second, third] = [BOOT, EPOCHS[0], EPOCHS[1]];
    expect(live(first, 'boot-1', [draft(1)])).toEqual([]);
    expect(live(first, 'boot-1', [undated])).toEqual([first]);
    expect(live(second, 'boot-1', [draft(1)])).toEqual([first]);
    expect(live(second, 'boot-1', [undated, clock(first)])).toEqual([second]);
    expect(live(third, 'boot-2', [undated])).toEqual([third]);
  });

  it('refuses a file of a newer version, and one of another edge', () => {
    openOutboxStore(options()).close();
    const other = options({ edge: '01900000-0000-7000-8000-000000000002' });
    expect(codeOf(() => openOutboxStore(other))).toBe('edge.outbox-foreign');
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(codeOf(() => openOutboxStore(options()))).toBe('edge.outbox-newer');
    expect(readdirSync(folder).some((name) => name.includes('damaged'))).toBe(false);
  });

  it('that is damaged is set aside; what can be read is saved under its old keys, and a new epoch begins', () => {
    const store = openOutboxStore(options());
    for (let i = 0; i < 400; i++) store.append([draft(i)], NOW);
    store.rememberCommand('c1', '{}', LEASE);
    store.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, Math.floor(bytes.length * 0.8));
    writeFileSync(file, bytes);
    const healed = openOutboxStore(options({ newEpochs: [EPOCHS[1], EPOCHS[0]] }));
    expect(healed.damagedFile).toContain('damaged');
    expect(healed.epoch()).toBe(EPOCHS[1]);
    const saved = healed.read(0, all).filter((pack) => pack.epoch === EPOCHS[0]);
    expect(saved.length).toBeGreaterThan(50);
    expect(saved.map((pack) => pack.seq)).toEqual(saved.map((_, i) => i + 1));
    const declared = healed.read(0, all).at(-1);
    const [gap] = decodePack(declared?.body ?? '').pack.events;
    expect([declared?.epoch, declared?.seq]).toEqual([EPOCHS[1], 1]);
    expect(gap?.body).toMatchObject({ epoch: EPOCHS[0], fromSeq: saved.length + 1, toSeq: 400 });
    expect(healed.openCommands()).toEqual([{ id: 'c1', body: '{}', state: 'accepted', ...LEASE }]);
    healed.append([draft(1000)], NOW);
    expect(healed.read(0, all).at(-1)).toMatchObject({ epoch: EPOCHS[1], seq: 2 });
    healed.close();
  });

  it('whose file is no database at all begins anew', () => {
    writeFileSync(file, 'not a database, but long enough to look at '.repeat(200));
    const store = openOutboxStore(options());
    expect(store.damagedFile).not.toBe(null);
    store.append([draft(1)], NOW);
    expect(store.read(0, all)).toHaveLength(1);
    store.close();
  });

  it('put back from an old copy begins a new epoch and keeps what was not sent', () => {
    const store = openOutboxStore(options());
    store.append([draft(1), draft(2)], NOW);
    const { isOldCopy } = store.applyMark({ epoch: EPOCHS[0], seq: 7 });
    expect(isOldCopy).toBe(true);
    const packs = store.read(0, all);
    expect(packs.map(({ epoch, seq }) => [epoch, seq])).toEqual([
      [EPOCHS[1], 1],
      [EPOCHS[1], 2],
    ]);
    expect(decodePack(packs[1]?.body ?? '').pack.samples).toEqual(draft(2).samples);
    expect(store.applyMark({ epoch: EPOCHS[0], seq: 9 }).isOldCopy).toBe(false);
    store.close();
  });

  it('put back from an old copy that numbered past the mark while offline is known by its bytes', () => {
    const store = openOutboxStore(options());
    store.append([draft(1), draft(2), draft(3)], NOW);
    const bodies = store.read(0, all).map((pack) => pack.body);
    const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
    // What the log holds under number 2 came from the file this one is a copy of.
    const { isOldCopy, backlog } = store.applyMark({ epoch: EPOCHS[0], seq: 2, hash: hashOf('other bytes') });
    expect([isOldCopy, backlog.packs]).toEqual([true, 3]);
    expect(store.read(0, all).map(({ epoch, seq }) => [epoch, seq])).toEqual([1, 2, 3].map((seq) => [EPOCHS[1], seq]));
    const own = store.read(0, all)[1]?.body ?? '';
    expect(own).not.toBe(bodies[1]);
    expect(store.applyMark({ epoch: EPOCHS[1], seq: 2, hash: hashOf(own) })).toMatchObject({
      isOldCopy: false,
      backlog: { packs: 1 },
    });
    store.close();
  });

  it('whose disk is full keeps nothing of the failed append, and goes on when there is room', () => {
    const store = openOutboxStore(options());
    store.append([draft(1)], NOW);
    const big = { samples: Array.from({ length: 400 }, (_, i) => draft(i).samples[0] as Sample), events: [] };
    store.limitPages(12);
    expect(codeOf(() => store.append([big, big, big], NOW))).toBe('edge.outbox-write-failed');
    expect(store.backlog().packs).toBe(1);
    store.limitPages(1_000_000);
    expect(store.append([big], NOW).packs).toBe(2);
    expect(store.read(0, all).map((pack) => pack.seq)).toEqual([1, 2]);
    store.close();
  });

  it('does not blame the disk for a statement that fails: nothing is kept, and the fault is SQLite’s own', () => {
    const store = openOutboxStore(options());
    const other = new DatabaseSync(file);
    other.exec('ALTER TABLE pack RENAME TO elsewhere');
    expect(codeOf(() => store.append([draft(1)], NOW))).toBe('ERR_SQLITE_ERROR');
    other.exec('ALTER TABLE elsewhere RENAME TO pack');
    other.close();
    expect(store.append([draft(1)], NOW).packs).toBe(1);
    expect(store.read(0, all).map((pack) => pack.seq)).toEqual([1]);
    store.close();
  });

  it('remembers a command once', () => {
    const store = openOutboxStore(options());
    expect([store.rememberCommand('a', '{}', LEASE), store.rememberCommand('a', '{}', LEASE)]).toEqual([true, false]);
    store.setCommandState('a', 'held');
    expect(store.openCommands()).toEqual([{ id: 'a', body: '{}', state: 'held', ...LEASE }]);
    store.setCommandState('a', 'done');
    expect(store.openCommands()).toEqual([]);
    store.close();
  });

  it('whose thread has ended refuses calls at once, instead of never answering', async () => {
    const outbox = await openOutbox(options());
    await outbox[Symbol.asyncDispose]();
    const answer = outbox.call('append', [draft(1)], NOW).catch((error: unknown) => error);
    const silence = new Promise((resolve) => setTimeout(resolve, 10, 'silence'));
    expect(await Promise.race([answer, silence])).toBeInstanceOf(Error);
  });

  it('works from its own thread, and passes coded errors across', async () => {
    {
      await using outbox = await openOutbox(options());
      let kept = 0;
      outbox.onKept(() => {
        kept += 1;
      });
      await outbox.call('append', [draft(1), draft(2)], NOW);
      expect([kept, outbox.backlog().packs]).toEqual([1, 2]);
      expect((await outbox.call('read', 0, { packs: 1, bytes: 1 })).map((pack) => pack.seq)).toEqual([1]);
      await outbox.call('applyMark', { epoch: EPOCHS[0], seq: 1 });
      expect(outbox.backlog().packs).toBe(1);
    }
    const foreign = openOutbox(options({ edge: '01900000-0000-7000-8000-000000000002' }));
    await expect(foreign).rejects.toMatchObject({ code: 'edge.outbox-foreign' });
  });
});
