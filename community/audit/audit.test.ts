/** Each invariant broken by hand in a real database and found in words; a healthy one has no finding. */
import { closeSync, copyFileSync, openSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { entryId, linkHash } from '@commonworks/core/ledger/index.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMUNITY, EDGE, MONTH, NOW_MS, T0, uuid } from '../closing/test-month.ts';
import { openDatabase } from '../database.ts';
import { sha256 } from '../ledger/sha256.ts';
import { settleMonth } from '../settlement/settle-month.ts';
import { auditRefusal } from './audit-refusal.ts';
import { COMMUNITY_CHECKS } from './community-checks.ts';
import { loadPages, savePages } from './keep-pages.ts';
import { auditRound, breakByHand, removeSite, settledSite } from './test-site.ts';

let whole: string;
let copies = 0;
beforeAll(async () => {
  whole = await settledSite(3);
});
afterAll(() => removeSite(whole));

function broken(statements: string): string {
  copies++;
  const file = `${whole}.${copies}`;
  copyFileSync(whole, file);
  breakByHand(file, statements);
  return file;
}

const Q3 = T0 + 3 * 900_000;

it('finds nothing in a healthy site, and says how much it looked at', async () => {
  const { of } = await auditRound(whole);
  const told = ['shares', 'balance', 'posted-once', 'chain', 'commands', 'relays', 'files'].map(of);
  expect(told.map(({ invariant, count, findings }) => ({ invariant, count, findings }))).toEqual(
    told.map(({ invariant }) => ({ invariant, count: 0, findings: [] })),
  );
  expect(told.every(({ isWhole }) => isWhole)).toBe(true);
  expect(of('shares').checked).toBeGreaterThan(96 * 2);
  expect(of('balance').checked).toBeGreaterThan(3);
  expect(of('files').checked).toBeGreaterThan(40);
});

describe('what was measured and what was shared', () => {
  it.each([
    [
      'shared more than measured',
      `UPDATE interval_share SET allocated_mwh = allocated_mwh + 1 WHERE start_ms = ${Q3} AND direction = 0`,
      /left over are not the .* kWh measured/,
    ],
    [
      'measured and not shared',
      `DELETE FROM interval_share WHERE start_ms = ${Q3} AND direction = 0`,
      /Home 1: .* kWh were measured and not shared/,
    ],
    [
      'another measurement',
      `UPDATE interval SET energy_mwh = energy_mwh + 7 WHERE start_ms = ${Q3} AND direction = 0`,
      /Home 1: .* were measured and .* shared/,
    ],
    [
      'shared and not measured',
      `UPDATE interval SET energy_mwh = NULL WHERE start_ms = ${Q3} AND direction = 1`,
      /Roof: .* were shared and not measured/,
    ],
    [
      'a sum that is another',
      `UPDATE interval_total SET production_mwh = production_mwh - 1 WHERE start_ms = ${Q3}`,
      /were produced and .* stand in the sum/,
    ],
    [
      'moved from one to nobody',
      `UPDATE interval_share SET allocated_mwh = allocated_mwh - 1, rest_mwh = rest_mwh + 1 WHERE start_ms = ${Q3} AND direction = 1`,
      /members got .* and producers gave/,
    ],
  ])('%s', async (_, statements, words) => {
    const { of } = await auditRound(broken(statements));
    expect(of('shares')).toMatchObject({ count: 1, findings: [{ subject: '2026-10-31 00:45', month: MONTH }] });
    expect(of('shares').findings[0]?.message).toMatch(words);
  });

  it('waits for what is asked to be derived again', async () => {
    const file = broken(`UPDATE interval SET energy_mwh = energy_mwh + 7 WHERE start_ms = ${Q3};
      INSERT INTO derive_request (point_no, from_ms) VALUES (NULL, 0)`);
    expect((await auditRound(file)).of('shares').count).toBe(0);
  });

  it('finds a frozen month that was changed', async () => {
    const { of } = await auditRound(broken(`UPDATE settlement_run SET inputs_hash = 'x'`));
    expect(of('shares')).toMatchObject({ findings: [{ subject: '2026-10, version 1', month: MONTH }] });
    const { of: sums } = await auditRound(broken(`UPDATE settlement_run SET allocated_mwh = allocated_mwh + 1`));
    expect(sums('shares').findings[0]?.message).toBe('the sums are not those of its shares');
  });
});

describe('the ledger', () => {
  it('finds amounts that are not in balance, and those nobody explains', async () => {
    const amount = broken('UPDATE ledger_posting SET amount = amount + 5 WHERE position = 2 AND line = 0');
    const { of } = await auditRound(amount);
    expect(of('balance').findings.map(({ subject }) => subject)).toEqual(['entry 2', 'the whole ledger in mWh']);
    expect(of('balance').findings[0]?.message).toMatch(/debits and credits differ/);
    const orphan = broken(`INSERT INTO ledger_posting VALUES (900, 0, 'community', 'EUR', 0)`);
    expect((await auditRound(orphan)).of('balance').findings[0]?.message).toMatch(/there is no such entry/);
  });

  it('finds an entry that was changed, and one that was cut out', async () => {
    const changed = broken(
      `UPDATE ledger_entry SET body = replace(body, '"quality":', '"quality": ') WHERE position = 2`,
    );
    const { of } = await auditRound(changed);
    expect(of('chain').findings).toMatchObject([{ subject: 'entry 2', month: null }]);
    expect(of('chain').findings[0]?.message).toBe('entry 2 is not what it was when it was posted');
    const cut = broken('DELETE FROM ledger_entry WHERE position = 2');
    expect((await auditRound(cut)).of('chain').findings[0]?.message).toMatch(/entry 3 does not follow entry 1/);
  });

  it('finds a chain that was written anew as a whole, by the hash it remembers', async () => {
    const file = broken('');
    const { pages } = await auditRound(file);
    rewriteChain(file);
    const { of } = await auditRound(file, { pages });
    expect(of('chain').findings[0]?.message).toMatch(/was right when it was last looked at, and is another now/);
  });

  it('finds a register that was posted twice under another id', async () => {
    const file = broken('');
    postAgain(file);
    const { of } = await auditRound(file);
    expect(of('chain').count).toBe(0);
    expect(of('balance').count).toBe(0);
    expect(of('posted-once').findings[0]?.message).toMatch(
      /the same register was posted before for 2026-10, version 1/,
    );
  });
});

/** As a worn-out disk does it: bytes of a page that are others. */
function damageIndex(file: string, index: string): void {
  using db = new DatabaseSync(file);
  const page = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(index)?.['rootpage'];
  const size = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(64, 7), 0, 64, Number(page) * size - 64);
  closeSync(handle);
}

function entriesOf(db: DatabaseSync) {
  return db.prepare('SELECT * FROM ledger_entry ORDER BY position').all() as Record<string, string | number>[];
}

/** With other words and right hashes. */
function rewriteChain(file: string): void {
  using db = new DatabaseSync(file);
  const triggers = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'ledger%'`).all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`);
  let previous = '0'.repeat(64);
  for (const { position, body } of entriesOf(db)) {
    const link = { position: Number(position), body: String(body).replace('settlement of', 'Settlement of'), previous };
    const hash = linkHash(link, sha256);
    db.prepare('UPDATE ledger_entry SET body = ?, previous = ?, hash = ? WHERE position = ?').run(
      link.body,
      previous,
      hash,
      position ?? 0,
    );
    previous = hash;
  }
}

function postAgain(file: string): void {
  using db = new DatabaseSync(file);
  const entries = entriesOf(db);
  const [first, last] = [entries[0], entries.at(-1)];
  const id = entryId(['again'], sha256);
  const position = Number(last?.['position']) + 1;
  const body = String(first?.['body']).replace(String(first?.['id']), id);
  const link = { position, body, previous: String(last?.['hash']) };
  const of = [position, COMMUNITY.id, id, 'energy', MONTH, NOW_MS, body, link.previous, linkHash(link, sha256)];
  db.prepare('INSERT INTO ledger_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(...of);
  for (const [line, { account, unit, amount }] of (
    JSON.parse(body).postings as { account: string; unit: string; amount: number }[]
  ).entries())
    db.prepare('INSERT INTO ledger_posting VALUES (?, ?, ?, ?, ?)').run(position, line, account, unit, amount);
}

const COMMAND = (id: string, value: number, lease: number | null, by = 'workshop') =>
  `INSERT INTO command VALUES ('${id}', '${COMMUNITY.id}', '${EDGE}', 'laser-1', 'setRelay', ${value}, 'why', '${by}',
    'confirmed', ${value}, ${NOW_MS - 600_000}, ${NOW_MS - 540_000}, ${lease}, '{}', '');`;
const STEP = (id: string, no: number, state: string, atMs: number) =>
  `INSERT INTO command_step VALUES ('${id}', ${no}, '${state}', ${atMs}, '');`;
const LASER = `INSERT INTO machine VALUES ('${COMMUNITY.id}', '${uuid(31)}', 'Laser', 'laser', '${EDGE}', 'laser-1', NULL, NULL,
  '${EDGE}', 'laser-1', '1200');`;

describe('commands and relays', () => {
  it('finds a command that was carried out too late, and one carried out twice', async () => {
    const inTime = COMMAND('a', 1, null) + STEP('a', 1, 'accepted', NOW_MS - 541_000);
    expect((await auditRound(broken(inTime))).of('commands')).toMatchObject({ count: 0, checked: 1 });
    const late = COMMAND('a', 1, null) + STEP('a', 1, 'accepted', NOW_MS - 500_000);
    const { of } = await auditRound(broken(late));
    expect(of('commands').findings[0]?.message).toBe(
      'setRelay for laser-1: it was carried out 40 s after its time was over',
    );
    const twice =
      COMMAND('a', 1, null) + STEP('a', 1, 'written', NOW_MS - 590_000) + STEP('a', 2, 'written', NOW_MS - 580_000);
    expect((await auditRound(broken(twice))).of('commands').findings[0]?.message).toMatch(/carried out 2 times/);
  });

  const at = (isOn: boolean | null, isAtRest = true) => ({ seen: [{ machine: uuid(31), isOn, isAtRest }] });

  it('finds power that nothing explains', async () => {
    const words = 'Laser has power, and no session, no lease and no order of anybody says so';
    const bare = broken(LASER);
    expect((await auditRound(bare, at(true))).of('relays').findings[0]?.message).toBe(words);
    expect((await auditRound(bare, at(false))).of('relays')).toMatchObject({ count: 0, checked: 1 });
    const ended = broken(LASER + COMMAND('a', 1, NOW_MS - 1));
    expect((await auditRound(ended, at(true))).of('relays').count).toBe(1);
    expect((await auditRound(broken(LASER + COMMAND('a', 1, null)), at(true))).of('relays').count).toBe(1);
    expect((await auditRound(bare, { ...at(true), graceMs: 60_000 })).of('relays').count).toBe(0);
  });

  it.each([
    ['a lease', COMMAND('a', 1, NOW_MS + 1), at(true)],
    ['an order of a person', COMMAND('a', 1, null, 'olga'), at(true)],
    ['a machine that still runs after its session', COMMAND('a', 1, null), at(true, false)],
    ['an order, where nobody hears the relay and the machine may run', COMMAND('a', 1, null), at(null, false)],
  ])('takes %s for a reason', async (_, statements, options) => {
    expect((await auditRound(broken(LASER + statements), options)).of('relays').count).toBe(0);
  });
});

it('finds a damaged table, and a reference to nothing', async () => {
  const lost = broken(`INSERT INTO command_step VALUES ('nobody', 1, 'written', 1, '')`);
  expect((await auditRound(lost)).of('files').findings[0]?.message).toMatch(
    /command_step: 1 rows refer to something that is gone/,
  );
  const file = broken('');
  damageIndex(file, 'ledger_posting_account');
  expect((await auditRound(file)).of('files').findings[0]?.subject).toMatch(/table ledger_posting/);
});

it('ends a finding when a later look finds it right, and keeps it over a restart until then', async () => {
  const file = broken(
    `UPDATE interval_share SET allocated_mwh = allocated_mwh + 1 WHERE start_ms = ${Q3} AND direction = 0`,
  );
  const { pages } = await auditRound(file);
  const db = await openDatabase(file);
  await savePages(db, COMMUNITY_CHECKS, pages);
  const kept = await loadPages(db);
  expect(kept.get('shares')?.findings).toEqual(pages.get('shares')?.findings);
  breakByHand(
    file,
    `UPDATE interval_share SET allocated_mwh = allocated_mwh - 1 WHERE start_ms = ${Q3} AND direction = 0`,
  );
  const { of, pages: later } = await auditRound(file, { pages: kept });
  expect(of('shares').count).toBe(0);
  await savePages(db, COMMUNITY_CHECKS, later);
  expect(await auditRefusal(db, MONTH)).toBeNull();
  await db.destroy();
});

it.each([
  ['its own month', 'shares', MONTH, true],
  ['the ledger', 'chain', null, true],
  ['another month', 'shares', '2026-09', false],
  ['a machine', 'relays', null, false],
])('closes no month over a finding of %s only where it concerns it', async (_, invariant, month, isRefused) => {
  const value = month === null ? 'NULL' : `'${month}'`;
  const file = broken(
    `INSERT INTO audit_finding VALUES ('x', 'k', 'entry 2', '${invariant}', 'it is wrong', ${value}, 1)`,
  );
  await using db = await openDatabase(file);
  const result = await settleMonth(db, { community: COMMUNITY, month: MONTH, nowMs: NOW_MS, missing: 'exclude' });
  expect(result.ok).toBe(!isRefused);
  if (isRefused)
    expect(result).toMatchObject({ reason: 'community.audit-finding', message: expect.stringMatching(/it is wrong/) });
});
