/** What the budgets cost: a number of statements that depends on nothing. And what they make of a file of before. */
import { DatabaseSync } from 'node:sqlite';
import { TELEMETRY_MIGRATIONS } from '@commonworks/telemetry/sqlite/schema.ts';
import { describe, expect, it } from 'vitest';
import type { CommitTables } from './log-tables.ts';
import { openLogTables } from './log-tables.ts';
import {
  BAD,
  commit,
  GOOD,
  lettersOf,
  NOW,
  old,
  openTables,
  pack,
  power,
  SMALL,
  state,
  words,
} from './test-commits.ts';

describe('What the budgets cost', () => {
  /** Statements run by one commit. */
  function statementsOf({ db }: CommitTables, work: () => unknown): number {
    let runs = 0;
    const { prototype } = db.prepare('SELECT 1').constructor;
    const originals = (['run', 'get', 'all'] as const).map((name) => [name, prototype[name]] as const);
    for (const [name, original] of originals) {
      prototype[name] = function (this: unknown, ...args: unknown[]) {
        runs += 1;
        return original.apply(this, args);
      };
    }
    try {
      work();
    } finally {
      for (const [name, original] of originals) prototype[name] = original;
    }
    return runs;
  }

  it('is nothing for a pack within them, however full they are by others', () => {
    const [fresh, full] = [openTables(), openTables()];
    for (const tables of [fresh, full]) {
      commit(tables, pack({ edge: GOOD, seq: 1 }, [power('d'), state('on', NOW)]));
    }
    for (let seq = 1; seq <= 20; seq++) {
      commit(full, pack({ edge: BAD, seq }, [...old(5), power(`x${seq}`), state(`w${seq}`, NOW)]), {
        edge: BAD,
        body: `${seq}`,
      });
    }
    const next = () => pack({ edge: GOOD, seq: 2 }, [power('d', NOW + 1), state('on', NOW + 1)]);
    const [of, beside] = [fresh, full].map((tables) => statementsOf(tables, () => commit(tables, next())));
    expect(beside).toBe(of);
    expect(of).toBeLessThan(10);
  });

  it('is the same for a pack with 40 bad records as with 900', () => {
    const costs = [40, 900].map((count) => {
      const tables = openTables();
      commit(tables, pack({ edge: BAD, seq: 1 }, [power('a'), power('b'), power('c')]));
      for (let seq = 2; seq <= 9; seq++) commit(tables, pack({ edge: BAD, seq }, old(9)));
      const bad = Array.from({ length: count / 2 }, (_, i) => power(`x${i}`));
      return statementsOf(tables, () => commit(tables, pack({ edge: BAD, seq: 10 }, [...bad, ...old(count / 2)])));
    });
    expect(costs[1]).toBe(costs[0]);
    expect(costs[0]).toBeLessThan(40);
  });

  it('is looked up in an index, however many letters and packs there are', () => {
    const db = new DatabaseSync(':memory:');
    for (const migration of TELEMETRY_MIGRATIONS) db.exec(migration);
    const prepare = db.prepare.bind(db);
    const texts: string[] = [];
    db.prepare = (text) => {
      texts.push(text);
      return prepare(text);
    };
    openLogTables(db, { budgets: SMALL });
    // Once at the start, or when somebody asks for the status.
    const often = texts.filter(
      (text) => !/GROUP BY|hash IS NULL|max\(cursor\)/.test(text) && /dead_letter|unplaced/.test(text),
    );
    expect(often.length).toBeGreaterThan(8);
    const scans = often.flatMap((text) => {
      const plan = prepare(`EXPLAIN QUERY PLAN ${text}`).all(...Array((text.match(/\?/g) ?? []).length).fill(1));
      return plan
        .map(({ detail }) => String(detail))
        .filter((detail) => /^SCAN (dead_letter|unplaced)|TEMP B-TREE/.test(detail));
    });
    expect(scans).toEqual([]);
  });
});

describe('A file of an earlier version', () => {
  it('keeps its letters and its words; its packs become the quarantine', () => {
    const db = new DatabaseSync(':memory:');
    const at = TELEMETRY_MIGRATIONS.findIndex((migration) => migration.includes('quarantined_once'));
    for (const migration of TELEMETRY_MIGRATIONS.slice(0, at)) db.exec(migration);
    db.exec(`INSERT INTO word VALUES (1, 'on');
      INSERT INTO dead_letter VALUES (5, 1, '${BAD}', 'pack', 'core.pack-malformed', 'r', NULL, NULL, x'61'),
        (6, 1, '${BAD}', 'pack', 'core.pack-malformed', 'r', NULL, NULL, x'61'),
        (7, 1, '${BAD}', 'record', 'broker.record-rejected', 'r', NULL, NULL, x'62')`);
    for (const migration of TELEMETRY_MIGRATIONS.slice(at)) db.exec(migration);
    const tables = openLogTables(db, { budgets: SMALL });
    expect(lettersOf(tables, BAD).map(({ id, text }) => [id, text])).toEqual([
      [5, 'a'],
      [7, 'b'],
    ]);
    expect([tables.quarantine.count(), tables.letters.count()]).toEqual([1, 1]);
    expect(commit(tables, { edge: BAD, body: 'a' }).outcomes).toEqual(['repeated']);
    commit(tables, pack({ edge: GOOD, seq: 1 }, [state('on', NOW)]));
    expect(words(tables, GOOD)).toEqual(['on']);
  });
});
