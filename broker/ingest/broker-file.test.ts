/** A broker.db damaged in every way it can be: it is begun anew with what is sound of it, and never stops a start. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isCoded } from '@commonworks/core';
import { afterAll, describe, expect, it } from 'vitest';
import type { LogWitness } from '../broker-tables.ts';
import { type BrokerFile, openBrokerFile } from './broker-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'commonworks-broker-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOW = Date.UTC(2026, 10, 28);
const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const principal = { user: uuid(1), role: 'edge', secretHash: 'sha256$a$b', enabled: true } as const;
const document = { version: 7, community: uuid(9), principals: [principal] };
const witness: LogWitness = {
  ...{ log: uuid(5), generation: 2, sinceMs: NOW, head: 77, hash: 'ab'.repeat(32), writtenMs: NOW },
};
const whole = { access: true, statuses: [1, 2, 3], devices: [0, 1], witness: true, trail: 1 };
let count = 0;

function makeFile(): string {
  const dir = join(folder, `${++count}`);
  const path = `${dir}-broker.db`;
  const { tables, close } = openBrokerFile(path, NOW);
  tables.saveAccess({ document, syncedMs: NOW });
  const statuses = [1, 2, 3].map((n) => ({ edge: uuid(n), receivedMs: NOW, payload: '{"state":"online"}' }));
  const devices = [0, 1].map((page) => ({ edge: uuid(1), page, pages: 2, payload: '{"devices":[]}' }));
  tables.saveLatest({ statuses, devices });
  tables.saveWitness(witness, 'a'.repeat(16));
  close();
  return path;
}

function sql(path: string, text: string): void {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA writable_schema = ON; ${text}`);
  db.close();
}

function contentOf({ saved }: BrokerFile) {
  const { access, statuses, devices } = saved;
  return {
    access: access !== null,
    statuses: statuses.map(({ edge }) => Number(edge.slice(-2))),
    devices: devices.map(({ page }) => page),
    witness: saved.witness !== null,
    trail: saved.trail.length,
  };
}

/** An integer that JavaScript cannot hold. */
const HUGE = '1152921504606846976';
const setJson = (table: string, column: string) => (path: string) =>
  sql(path, `UPDATE ${table} SET ${column} = '{' WHERE rowid = 1`);

const CASES: readonly [string, (path: string) => void, Partial<typeof whole>][] = [
  ['a row more that says nothing', (path) => sql(path, `INSERT INTO edge_status VALUES ('x', ${HUGE}, '{')`), {}],
  [
    'a time out of range',
    (path) => sql(path, `UPDATE edge_status SET received_ms = ${HUGE} WHERE rowid = 2`),
    { statuses: [1, 3] },
  ],
  ['a status that is no JSON', setJson('edge_status', 'payload'), { statuses: [2, 3] }],
  ['a device list that is no JSON', setJson('edge_devices', 'payload'), { devices: [1] }],
  ['log-ins that are no JSON', setJson('access', 'document'), { access: false }],
  [
    'log-ins of another version than beside them',
    (path) => sql(path, 'UPDATE access SET version = 70'),
    { access: false },
  ],
  ['a witness out of range', (path) => sql(path, `UPDATE log_witness SET head = ${HUGE}`), { witness: false }],
  ['a witness below every log', (path) => sql(path, 'UPDATE log_witness SET generation = -1'), { witness: false }],
  ['a trail that names no log', (path) => sql(path, "UPDATE log_trail SET log = 'x'"), { trail: 0 }],
  ['a trail out of range', (path) => sql(path, `UPDATE log_trail SET cursor = ${HUGE}`), { trail: 0 }],
  ['a table that is gone', (path) => sql(path, 'DROP TABLE edge_devices'), { devices: [] }],
  ['a version too low', (path) => sql(path, 'PRAGMA user_version = 1'), {}],
  ['no version', (path) => sql(path, 'PRAGMA user_version = 0'), {}],
  ['a version too high', (path) => sql(path, 'PRAGMA user_version = 900'), {}],
  [
    'garbage',
    (path) => writeFileSync(path, 'x'.repeat(9000)),
    { access: false, statuses: [], devices: [], witness: false, trail: 0 },
  ],
  [
    'a first page that is gone',
    (path) => writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 100), Buffer.alloc(4096 * 8)])),
    { access: false, statuses: [], devices: [], witness: false, trail: 0 },
  ],
];

describe('a damaged broker.db', () => {
  it.each(CASES)('is begun anew with the rest: %s', (_name, damage, left) => {
    const path = makeFile();
    damage(path);
    const damaged = readFileSync(path);
    const opened = openBrokerFile(path, NOW);
    expect(contentOf(opened)).toEqual({ ...whole, ...left });
    expect(opened.damaged).toMatchObject({ hasAccess: left.access !== false });
    expect(readFileSync(opened.damaged?.kept ?? '').length).toBe(damaged.length);
    opened.tables.saveWitness(witness, 'a'.repeat(16));
    opened.close();
    const again = openBrokerFile(path, NOW);
    expect(again.damaged).toBeNull();
    again.close();
  });

  it('opens whichever byte of it was changed', () => {
    const sound = readFileSync(makeFile());
    for (let at = 100; at < sound.length; at += 97) {
      const path = join(folder, `flip-${at}-broker.db`);
      const bytes = Buffer.from(sound);
      bytes[at] = (bytes[at] ?? 0) ^ 0x55;
      writeFileSync(path, bytes);
      const { saved, close } = openBrokerFile(path, NOW);
      expect(saved.statuses.length).toBeLessThanOrEqual(3);
      close();
    }
  });

  it('is kept three times at most', () => {
    const path = makeFile();
    for (let n = 0; n < 5; n++) {
      writeFileSync(path, `garbage ${n}`);
      openBrokerFile(path, NOW + n * 1000).close();
    }
    const start = `${path.split('/').at(-1)}.damaged-`;
    const kept = readdirSync(folder).filter((name) => name.startsWith(start));
    expect(kept.length).toBe(3);
    expect(readFileSync(join(folder, kept.sort()[0] ?? ''), 'utf8')).toBe('garbage 2');
  });

  it('is finished after a crash between the two renames', () => {
    const [path, other] = [makeFile(), makeFile()];
    writeFileSync(`${path}.new`, readFileSync(other));
    rmSync(path);
    const opened = openBrokerFile(path, NOW);
    expect(contentOf(opened)).toEqual(whole);
    expect(existsSync(`${path}.new`)).toBe(false);
    opened.close();
  });
});

it('a broker.db of a newer version is refused by its name, with the copy of before the upgrade, and stays', () => {
  const path = makeFile();
  sql(path, 'CREATE TABLE newer (id INTEGER); PRAGMA user_version = 900');
  writeFileSync(`${path}.before-upgrade-3`, '');
  const name = path.split('/').at(-1);
  const refused = () => openBrokerFile(path, NOW);
  expect(refused).toThrow(expect.objectContaining({ code: 'telemetry.schema-newer' }));
  expect(refused).toThrow(`beside it: ${name}.before-upgrade-3`);
  expect(readdirSync(folder).some((one) => one.startsWith(`${name}.damaged-`))).toBe(false);
  const open = openBrokerFile(makeFile(), NOW);
  let error: unknown;
  try {
    openBrokerFile(join(folder, `${count}-broker.db`), NOW);
  } catch (thrown) {
    error = thrown;
  }
  expect(isCoded(error, 'telemetry.database-in-use')).toBe(true);
  open.close();
});
