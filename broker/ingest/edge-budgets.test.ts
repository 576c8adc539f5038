/** One edge uses up what it may have; what another edge needs in the store is unharmed, and nothing acknowledged is lost. */
import { readDeadLetters, readLog } from '@commonworks/telemetry/log/read-log.ts';
import { describe, expect, it } from 'vitest';
import { commitPacks } from './commit-packs.ts';
import { openLogTables } from './log-tables.ts';
import {
  BAD,
  commit,
  DAY_MS,
  epochOf,
  GOOD,
  lettersOf,
  NOW,
  old,
  openTables,
  pack,
  points,
  power,
  SMALL,
  state,
  words,
} from './test-commits.ts';

describe('An edge that invents series', () => {
  it('is refused its fourth, its pack is held, and another has what it needs', () => {
    const tables = openTables();
    const many = ['a', 'b', 'c', 'd', 'e'].map((device) => power(device));
    const report = commit(tables, pack({ edge: BAD, seq: 1 }, many), pack({ edge: GOOD, seq: 1 }, [power('a')]));
    expect(report.outcomes).toEqual(['held', 'held']);
    expect(report.overruns).toEqual([{ edge: BAD, budget: 'series', count: 2 }]);
    expect([points(tables, BAD, 'c'), points(tables, BAD, 'd'), points(tables, GOOD, 'a')]).toEqual([[1], [], [1]]);
    expect(lettersOf(tables, BAD).map(({ kind, code, seq }) => [kind, code, seq])).toEqual([
      ['record', 'broker.record-rejected', 1],
      ['record', 'broker.record-rejected', 1],
    ]);
    expect(lettersOf(tables, GOOD)).toEqual([]);
    const again = openLogTables(tables.db, { budgets: SMALL });
    expect(commit(again, pack({ edge: BAD, seq: 2 }, [power('c', NOW + 1), power('f')])).overruns).toHaveLength(1);
    expect(points(again, BAD, 'c')).toEqual([1, 1]);
  });

  it('takes no more of the pool than there is, and never what is reserved for others', () => {
    const tables = openTables();
    const three = ['a', 'b', 'c'].map((device) => power(device));
    const edges = [10, 11, 12].map(epochOf);
    const report = commit(tables, ...[...edges, GOOD].map((edge) => pack({ edge, seq: 1 }, three)));
    expect(report.overruns.map(({ edge }) => edge)).toEqual([epochOf(12), GOOD]);
    expect(points(tables, GOOD, 'b')).toEqual([1]);
  });

  it('gives back what a failed commit took', () => {
    const tables = openTables();
    tables.db.exec(`CREATE TRIGGER full BEFORE INSERT ON series_log BEGIN SELECT RAISE(ABORT, 'no'); END`);
    commit(tables, pack({ edge: BAD, seq: 1 }, [power('a'), power('b'), power('c')]));
    tables.db.exec('DROP TRIGGER full');
    expect(
      commit(
        tables,
        pack(
          { edge: BAD, seq: 2 },
          ['d', 'e', 'f'].map((name) => power(name)),
        ),
      ).overruns,
    ).toEqual([]);
    expect(points(tables, BAD, 'f')).toEqual([1]);
  });
});

describe('An edge that invents words', () => {
  const invented = (count: number) => Array.from({ length: count }, (_, i) => state(`word ${i}`, NOW + i));

  it('is refused its fourth; words that exist are free for everybody, and new ones of another are taken', () => {
    const tables = openTables();
    const good = [state('word 0', NOW), state('word 1', NOW + 1), state('mine', NOW + 2), state('mine too', NOW + 3)];
    const report = commit(tables, pack({ edge: BAD, seq: 1 }, invented(6)), pack({ edge: GOOD, seq: 1 }, good));
    expect(report.overruns).toEqual([{ edge: BAD, budget: 'words', count: 3 }]);
    expect(words(tables, BAD)).toEqual(['word 0', 'word 1', 'word 2']);
    expect(words(tables, GOOD)).toEqual(['word 0', 'word 1', 'mine', 'mine too']);
    const again = openLogTables(tables.db, { budgets: SMALL });
    const next = commit(again, pack({ edge: BAD, seq: 2 }, [state('mine', NOW + 20), state('one more', NOW + 21)]));
    expect(next.overruns).toEqual([{ edge: BAD, budget: 'words', count: 1 }]);
  });

  it('does not use up the words of all, however many do so', () => {
    const tables = openTables();
    for (let n = 10; n < 20; n++) {
      const own = [0, 1, 2, 3].map((i) => state(`${n} ${i}`, NOW + i));
      commit(tables, pack({ edge: epochOf(n), seq: 1 }, own));
    }
    expect(commit(tables, pack({ edge: GOOD, seq: 1 }, [state('x', NOW), state('y', NOW + 1)])).overruns).toEqual([]);
    expect(words(tables, GOOD)).toEqual(['x', 'y']);
  });

  it('has those of before charged to nobody', () => {
    const tables = openTables();
    tables.db.exec(`INSERT INTO word (id, text) VALUES (1, 'a'), (2, 'b'), (3, 'c')`);
    const again = openLogTables(tables.db, { budgets: SMALL });
    commit(
      again,
      pack(
        { edge: BAD, seq: 1 },
        ['a', 'b', 'c', 'd'].map((word, i) => state(word, NOW + i)),
      ),
    );
    expect(words(again, BAD)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('An edge that fills the dead letters', () => {
  it('pushes out its own oldest only', () => {
    const tables = openTables();
    commit(tables, pack({ edge: GOOD, seq: 1 }, old(3)));
    const kept = lettersOf(tables, GOOD);
    const counts = Array.from(
      { length: 8 },
      (_, i) => commit(tables, pack({ edge: BAD, seq: i + 1 }, old(3))).overruns,
    );
    expect(counts.flat()).toEqual(
      Array.from({ length: 5 }, (_, i) => ({ edge: BAD, budget: 'dead-letters', count: i === 0 ? 2 : 3 })),
    );
    expect(lettersOf(tables, BAD).map(({ seq }) => seq)).toEqual([5, 6, 6, 6, 7, 7, 7, 8, 8, 8]);
    expect(lettersOf(tables, GOOD)).toEqual(kept);
    expect(tables.letters.count()).toBe(13);
  });

  it('is bounded by bytes, and one letter by what is shown of it', () => {
    const tables = openTables();
    const big = (seq: number) => {
      const records = JSON.parse(pack({ edge: BAD, seq }, []).body) as object[];
      return { edge: BAD, body: JSON.stringify([...records, { n: 'd/nothing', t: 1, vs: 'x'.repeat(30_000) }]) };
    };
    for (let seq = 1; seq <= 3; seq++) commit(tables, big(seq));
    expect(lettersOf(tables, BAD).map(({ seq, text }) => [seq, text.length])).toEqual([[3, 4000]]);
    const stored = tables.db.prepare('SELECT max(length(body)) AS bytes FROM dead_letter').get();
    expect(stored).toEqual({ bytes: 16_000 });
  });

  it('has the first of a pack kept and the rest counted', () => {
    const tables = openTables();
    commit(tables, pack({ edge: BAD, seq: 1 }, old(40)));
    const letters = lettersOf(tables, BAD);
    expect([letters.length, letters.at(-1)?.reason]).toEqual([
      5,
      'and 36 more records of this pack, which stands whole in the log',
    ]);
  });

  it('loses the most when all together hold too much', () => {
    const tables = openTables();
    const others = [11, 12].map(epochOf);
    commit(tables, ...[1, 2, 3].map((seq) => pack({ edge: BAD, seq }, old(3))));
    commit(tables, ...others.map((edge) => pack({ edge, seq: 1 }, old(3))));
    expect(commit(tables, pack({ edge: GOOD, seq: 1 }, old(4))).overruns).toEqual([]);
    expect([...others, GOOD, BAD].map((edge) => lettersOf(tables, edge).length)).toEqual([3, 3, 4, 8]);
    expect(openLogTables(tables.db, { budgets: SMALL }).letters.count()).toBe(18);
  });

  it('keeps them 400 days, by a clock that is known to be right', () => {
    const tables = openTables();
    commit(tables, pack({ edge: GOOD, seq: 1 }, old(1)));
    const later = (seq: number, isTrusted: boolean) => {
      const receivedMs = NOW + 401 * DAY_MS;
      const body = Buffer.from(pack({ edge: BAD, seq }, [power('d', receivedMs + DAY_MS)]).body);
      commitPacks(tables, [{ edge: BAD, body, receivedMs, hub: { isTrusted, boot: 'b', upMs: 1 } }]);
    };
    const clash = power('d', NOW, 2);
    commit(tables, pack({ edge: BAD, seq: 1 }, [power('d')]), pack({ edge: BAD, seq: 2 }, [clash]));
    later(3, false);
    expect(lettersOf(tables, GOOD)).toHaveLength(1);
    later(4, true);
    expect([lettersOf(tables, GOOD).length, tables.letters.count()]).toEqual([0, 1]);
  });

  it('is counted anew after a failed commit', () => {
    const tables = openTables();
    commit(tables, pack({ edge: BAD, seq: 1 }, old(3)));
    tables.db.exec(`CREATE TRIGGER full BEFORE UPDATE ON source BEGIN SELECT RAISE(ABORT, 'no'); END`);
    expect(() => commit(tables, pack({ edge: BAD, seq: 2 }, old(3)))).toThrow('no');
    tables.db.exec('DROP TRIGGER full');
    expect([tables.letters.count(), lettersOf(tables, BAD).length]).toEqual([3, 3]);
  });

  it('with packs that wait for the hub, keeps its newest, and those of another stay', () => {
    const tables = openTables();
    commit(tables, pack({ edge: GOOD, seq: 1 }, old(1)));
    for (let seq = 1; seq <= 230; seq++) commit(tables, pack({ edge: BAD, seq }, old(1)));
    const waiting = tables.db.prepare('SELECT edge, count(*) AS n FROM unplaced GROUP BY edge ORDER BY edge').all();
    expect(waiting).toEqual([
      { edge: BAD, n: 35 },
      { edge: GOOD, n: 1 },
    ]);
  });
});

describe('An edge that sends packs which cannot be taken', () => {
  const noise = (n: number) => ({ edge: BAD, body: `${n} is no pack` });
  /** 500 bytes of each row are counted beside its body. */
  const FITTING = 5;

  it('has them kept once, until there is no room: then they are not acknowledged, and its neighbours are', () => {
    const tables = openTables();
    for (let n = 1; n <= FITTING; n++) expect(commit(tables, noise(n)).outcomes).toEqual(['quarantined']);
    const report = commit(tables, noise(9), pack({ edge: GOOD, seq: 1 }, [power('d')]), noise(1), noise(8));
    expect(report.outcomes).toEqual(['refused', 'held', 'repeated', 'refused']);
    expect(report.overruns).toEqual([{ edge: BAD, budget: 'quarantine', count: 2 }]);
    expect(points(tables, GOOD, 'd')).toEqual([1]);
    expect(commit(tables, { edge: GOOD, body: 'garbage' }).outcomes).toEqual(['quarantined']);
    const again = openLogTables(tables.db, { budgets: SMALL });
    expect(commit(again, noise(9), noise(2)).outcomes).toEqual(['refused', 'repeated']);
    expect(again.quarantine.count()).toBe(FITTING + 1);
  });

  it('has none of them pushed out, whatever others and time do', () => {
    const tables = openTables();
    commit(tables, noise(1));
    const kept = lettersOf(tables, BAD);
    for (let seq = 1; seq <= 20; seq++) commit(tables, pack({ edge: BAD, seq }, old(3)));
    for (let seq = 1; seq <= 20; seq++) commit(tables, pack({ edge: GOOD, seq }, old(3)));
    expect(lettersOf(tables, BAD).filter(({ kind }) => kind === 'pack')).toEqual(kept);
  });

  it('has a poison pack counted as held only when it is kept', () => {
    const tables = openTables();
    const poison = { edge: BAD, body: `${pack({ edge: BAD, seq: 1 }, []).body.slice(0, -1)},` };
    for (let n = 1; n <= FITTING; n++) commit(tables, noise(n));
    expect([commit(tables, poison).outcomes, tables.log.marks()]).toEqual([['refused'], []]);
    tables.quarantine.release(BAD);
    expect(commit(tables, poison).outcomes).toEqual(['quarantined']);
    expect(tables.log.marks()).toMatchObject([{ edge: BAD, seq: 1 }]);
  });

  it('has what is released forgotten, and nothing of another', () => {
    const tables = openTables();
    commit(tables, noise(1), noise(2), { edge: GOOD, body: 'garbage' });
    commit(tables, pack({ edge: BAD, seq: 1 }, old(1)));
    expect([tables.quarantine.release(BAD), tables.quarantine.release(BAD)]).toEqual([2, 0]);
    expect(lettersOf(tables, BAD).map(({ kind }) => kind)).toEqual(['record']);
    expect([lettersOf(tables, GOOD).length, tables.quarantine.count()]).toEqual([1, 1]);
    expect(commit(tables, noise(1)).outcomes).toEqual(['quarantined']);
  });

  it('has them listed whole with the other letters, with ids that rise', () => {
    const tables = openTables();
    const long = { edge: BAD, body: `${'long '.repeat(200)}` };
    commit(tables, pack({ edge: BAD, seq: 1 }, old(1)), long, pack({ edge: BAD, seq: 2 }, old(1)), noise(1));
    const letters = lettersOf(tables, BAD);
    expect(letters.map(({ kind }) => kind).sort()).toEqual(['pack', 'pack', 'record', 'record']);
    expect(letters.find(({ kind }) => kind === 'pack')?.text).toBe(long.body);
    const ids = letters.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(readDeadLetters(tables.db, { after: ids[1] ?? 0, limit: 1 }).map(({ id }) => id)).toEqual([ids[2]]);
  });

  it('has those of an earlier version kept, however many they are', () => {
    const tables = openTables();
    const insert = tables.db.prepare(
      `INSERT INTO dead_letter (received_ms, edge, kind, code, reason, body) VALUES (1, ?, 'pack', 'x', 'y', ?)`,
    );
    for (let n = 1; n <= 20; n++) insert.run(BAD, Buffer.from(noise(n).body));
    insert.run(BAD, Buffer.from(noise(20).body));
    const again = openLogTables(tables.db, { budgets: SMALL });
    expect([again.quarantine.count(), commit(again, noise(20), noise(21)).outcomes]).toEqual([
      20,
      ['repeated', 'refused'],
    ]);
  });
});

describe('An edge that invents epochs', () => {
  it('keeps those it has, has the others in quarantine, and another begins its own', () => {
    const tables = openTables();
    for (let n = 1; n <= SMALL.epochs; n++) commit(tables, pack({ edge: BAD, seq: 1, epoch: epochOf(n) }, []));
    const over = pack({ edge: BAD, seq: 1, epoch: epochOf(4) }, [power('d')]);
    const poison = { edge: BAD, body: `${over.body.slice(0, -1)},` };
    const report = commit(tables, over, poison, pack({ edge: GOOD, seq: 1, epoch: epochOf(4) }, [power('d')]));
    expect(report.outcomes).toEqual(['quarantined', 'quarantined', 'held']);
    expect(report.overruns).toEqual([{ edge: BAD, budget: 'epochs', count: 1 }]);
    expect(lettersOf(tables, BAD).map(({ code }) => code)).toEqual(['broker.pack-scattered', 'core.pack-malformed']);
    expect([points(tables, BAD, 'd'), points(tables, GOOD, 'd')]).toEqual([[], [1]]);
    expect(commit(tables, pack({ edge: BAD, seq: 2, epoch: epochOf(2) }, [])).outcomes).toEqual(['held']);
    expect(openLogTables(tables.db, { budgets: SMALL }).log.marks(BAD)).toHaveLength(SMALL.epochs);
    expect(readLog(tables.db, { after: 0, limit: 100 }).entries).toHaveLength(SMALL.epochs + 2);
  });
});

const event = (type: string, body: object) => ({ device: 'edge', type, timeMs: NOW, body: { ...body } });

describe('An edge that tells the clocks of endless starts', () => {
  it('has its oldest forgotten, and those of another stay', () => {
    const tables = openTables();
    const clock = (n: number) => event('clock', { boot: epochOf(0xb00 + n), offsetMs: n });
    commit(tables, pack({ edge: GOOD, seq: 1 }, [], [clock(0)]));
    const many = [1, 2, 3, 1, 4, 5].map(clock);
    expect(commit(tables, pack({ edge: BAD, seq: 1 }, [], many)).overruns).toEqual([
      { edge: BAD, budget: 'boots', count: 2 },
    ]);
    const known = (edge: string) => [0, 1, 2, 3, 4, 5].map((n) => tables.clocks.offset(edge, epochOf(0xb00 + n)));
    expect(known(BAD)).toEqual([null, 1, null, null, 4, 5]);
    expect(known(GOOD)).toEqual([0, null, null, null, null, null]);
  });
});

describe('An edge that declares endless gaps', () => {
  const epoch = epochOf(0xe1);
  const gap = (fromSeq: number, toSeq = fromSeq) => event('gap', { epoch, fromSeq, toSeq, reason: 'x' });
  const rows = (tables: ReturnType<typeof openTables>) =>
    tables.db.prepare('SELECT count(*) AS n FROM held_range').get()?.['n'];

  it('has so many taken, no row for what is held already, and another declares its own', () => {
    const tables = openTables();
    const report = commit(
      tables,
      pack({ edge: BAD, seq: 100 }, [], [gap(1, 10), gap(2, 5), gap(3, 9), gap(20), gap(30), gap(40), gap(50)]),
      pack({ edge: GOOD, seq: 3 }, [], [gap(1, 2)]),
    );
    expect(report.overruns).toEqual([{ edge: BAD, budget: 'ranges', count: 2 }]);
    expect(report.marks.map(({ edge, seq }) => [edge === GOOD, seq])).toEqual([
      [false, 10],
      [true, 3],
    ]);
    expect([rows(tables), lettersOf(tables, BAD).length, lettersOf(tables, GOOD).length]).toEqual([4, 2, 0]);
    const again = openLogTables(tables.db, { budgets: SMALL });
    expect(commit(again, pack({ edge: BAD, seq: 101 }, [], [gap(60)])).overruns).toHaveLength(1);
  });

  it('is counted anew after a failed commit', () => {
    const tables = openTables();
    tables.db.exec(`CREATE TRIGGER full BEFORE UPDATE ON source BEGIN SELECT RAISE(ABORT, 'no'); END`);
    commitFailing(tables, pack({ edge: BAD, seq: 100 }, [], [gap(20), gap(30), gap(40)]));
    tables.db.exec('DROP TRIGGER full');
    expect(commit(tables, pack({ edge: BAD, seq: 100 }, [], [gap(20), gap(30), gap(40)])).overruns).toEqual([]);
  });

  function commitFailing(tables: ReturnType<typeof openTables>, one: { edge: string; body: string }): void {
    expect(() => commit(tables, one)).toThrow();
  }
});
