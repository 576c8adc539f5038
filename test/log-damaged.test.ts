/** Damage in telemetry.db under the real broker: a hole is told, its pack asked for and mended; an unreadable file is written anew. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BrokerStatus, LogPage, SeriesRange } from '@commonworks/core';
import { SeriesTables } from '@commonworks/telemetry/series/series-tables.ts';
import { expect, it } from 'vitest';
import { BrokerFolder, EdgeLine, packBody } from './broker/broker-in-folder.ts';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, k) => from + k);
const EPOCH = randomUUID();

async function startWith(packs: number): Promise<BrokerFolder> {
  const folder = new BrokerFolder();
  await folder.start();
  const line = await EdgeLine.open(folder);
  await line.send(EPOCH, range(1, packs));
  line.close();
  return folder;
}

const pageOf = async (folder: BrokerFolder, after = 0) => (await folder.ask<LogPage>(`/log?after=${after}`)).body;
const logOf = async (folder: BrokerFolder) => (await folder.ask<BrokerStatus>('/status')).body.log;

function change(folder: BrokerFolder, sql: string): void {
  const db = new DatabaseSync(folder.telemetryFile);
  db.exec(sql);
  db.close();
}

it('a changed byte of a pack is never served: its place is a hole, its edge is asked, and followers get it anew', async () => {
  await using folder = await startWith(20);
  await folder.stop();
  change(folder, "UPDATE pack SET body = CAST(replace(CAST(body AS TEXT), '0.875', '9.875') AS BLOB) WHERE seq = 7");
  change(folder, 'UPDATE pack SET received_ms = received_ms + 1 WHERE seq = 9');
  await folder.start();
  const line = await EdgeLine.open(folder);
  const page = await pageOf(folder);
  expect(page.entries.map(({ seq }) => seq)).toEqual([...range(1, 6), 8, ...range(10, 20)]);
  const at = (seq: number) => ({ fromCursor: seq, toCursor: seq, edge: line.edge, epoch: EPOCH, seq });
  expect(page.holes).toEqual([
    { ...at(7), reason: 'body' },
    { ...at(9), reason: 'row' },
  ]);
  await line.until(() => line.marks.some(({ wanted }) => wanted !== undefined));
  const wanted = [7, 9].map((seq) => ({ epoch: EPOCH, fromSeq: seq, toSeq: seq }));
  expect(line.marks.at(-1)).toMatchObject({ epoch: EPOCH, seq: 20, wanted });
  expect(await logOf(folder)).toMatchObject({
    damage: 'damaged',
    generation: 1,
    holes: [{ edge: line.edge, packs: 2, asked: 2 }],
  });
  expect((await folder.ask('/healthz')).body).toEqual({ status: 'damaged' });
  expect(folder.lines.map(({ code }) => code)).toContain('telemetry.log-damaged');
  // Other bytes under the key of a lost pack are not it.
  await line.send(EPOCH, [7], (key) => packBody(key).replace('0.875', '0.876'));
  expect((await logOf(folder)).damage).toBe('damaged');
  await line.send(EPOCH, [7]);
  const gap = {
    device: 'edge',
    type: 'gap',
    timeMs: Date.now(),
    body: { epoch: EPOCH, fromSeq: 9, toSeq: 9, reason: 'lost' },
  };
  await line.send(EPOCH, [21], (key) => packBody(key, [gap]));
  const after = await pageOf(folder, page.next);
  expect(after.entries.map(({ seq, cursor }) => [seq, cursor])).toEqual([
    [7, 21],
    [21, 22],
  ]);
  const whole = await pageOf(folder);
  expect(whole.holes).toEqual(page.holes);
  expect(await logOf(folder)).toMatchObject({
    damage: 'none',
    holes: [{ packs: 2, asked: 0, mended: 1, declared: 1 }],
  });
  expect((await folder.ask('/healthz')).body).toEqual({ status: 'ok' });
  expect(line.marks.at(-1)?.wanted).toBeUndefined();
  line.close();
});

it('a file that cannot be opened any more is written anew from what is sound, and kept beside', async () => {
  await using folder = await startWith(300);
  await folder.stop();
  const bytes = readFileSync(folder.telemetryFile);
  bytes.fill(0, 0, 4096);
  writeFileSync(folder.telemetryFile, bytes);
  await folder.start();
  const page = await pageOf(folder);
  expect([page.generation, page.entries.length]).toEqual([2, 300]);
  expect(await logOf(folder)).toMatchObject({ cause: 'repaired', generation: 2, damage: 'none' });
  expect(readdirSync(folder.dir).some((name) => name.startsWith('telemetry.db.damaged-'))).toBe(true);
  const line = await EdgeLine.open(folder);
  await line.send(EPOCH, [301]);
  const next = await pageOf(folder, page.next);
  expect(next.entries.map(({ seq }) => seq)).toEqual([301]);
  expect(next.entries[0]?.cursor).toBeGreaterThan(300);
  line.close();
});

it('damage that cannot be set aside ends the broker with a code, and its next start mends it', async () => {
  await using folder = await startWith(300);
  await folder.stop();
  const bytes = readFileSync(folder.telemetryFile);
  const leaves = range(1, bytes.length / 4096 - 1).filter(
    (page) => bytes[page * 4096] === 0x0d && bytes.subarray(page * 4096, (page + 1) * 4096).includes(`${EPOCH}.`),
  );
  const middle = leaves[Math.floor(leaves.length / 2)] ?? 0;
  bytes.fill(0, middle * 4096, (middle + 1) * 4096);
  writeFileSync(folder.telemetryFile, bytes);
  await folder.start();
  const died = folder.broker?.died.catch((error: unknown) => error);
  const page = await pageOf(folder);
  expect(page.holes.length).toBeGreaterThan(0);
  expect(page.holes.every(({ edge, reason }) => edge === folder.edges[0] && reason === 'page')).toBe(true);
  expect(page.entries.length + page.holes.length).toBe(300);
  expect(await died).toMatchObject({ code: 'telemetry.log-damaged' });
  await folder.stop();
  await folder.start();
  const { cause, holes } = await logOf(folder);
  // A row may still stand on a page that is used no more.
  expect([cause, holes.length, (holes[0]?.asked ?? 0) <= page.holes.length]).toEqual(['repaired', 1, true]);
  const line = await EdgeLine.open(folder);
  await line.until(() => line.marks.length > 0);
  expect(line.marks[0]?.seq).toBe(300);
  const wanted = line.marks[0]?.wanted ?? [];
  await line.send(
    EPOCH,
    wanted.flatMap(({ fromSeq, toSeq }) => range(fromSeq, toSeq)),
  );
  expect((await pageOf(folder)).entries).toHaveLength(300);
  expect((await logOf(folder)).damage).toBe('none');
  line.close();
});

it('a changed block of readings is never answered: the broker ends with a code, and its next start makes it anew', async () => {
  await using folder = await startWith(50);
  const asked = `/series?edge=${folder.edges[0]}&device=meter&point=importedWh&fromMs=0&toMs=${Date.now() + 1e9}`;
  const before = (await folder.ask<SeriesRange>(asked)).body;
  expect(before.values).toHaveLength(50);
  await folder.stop();
  const db = new DatabaseSync(folder.telemetryFile);
  new SeriesTables(db).sealAll();
  db.exec("UPDATE chunk SET body = CAST(body || x'00' AS BLOB)");
  db.close();
  await folder.start();
  const died = folder.broker?.died.catch((error: unknown) => error);
  expect((await folder.ask(asked)).status).toBeGreaterThanOrEqual(500);
  expect(await died).toMatchObject({ code: 'telemetry.log-damaged' });
  await folder.stop();
  await folder.start();
  expect((await folder.ask<SeriesRange>(asked)).body).toEqual(before);
});

it('damage in broker.db is never blamed on telemetry.db: it is set aside, said once, and the broker serves', async () => {
  await using folder = await startWith(5);
  await folder.stop();
  const file = join(folder.dir, 'broker.db');
  for (let start = 1; start <= 7; start++) {
    const db = new DatabaseSync(file);
    db.exec("INSERT OR REPLACE INTO edge_status VALUES ('x', 1152921504606846976, '{')");
    db.close();
    await folder.start();
    expect((await pageOf(folder)).entries.length).toBe(5);
    expect(await logOf(folder)).toMatchObject({ damage: 'none', generation: 1 });
    await folder.stop();
  }
  const names = readdirSync(folder.dir);
  expect(names.filter((name) => name.startsWith('telemetry.db.damaged'))).toEqual([]);
  expect(names.filter((name) => name.startsWith('broker.db.damaged'))).toHaveLength(3);
  expect(folder.lines.filter(({ code }) => code === 'broker.state-damaged')).toHaveLength(7);
});
