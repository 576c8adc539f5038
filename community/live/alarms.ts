/** Alarms: conditions with a beginning and an end. What is wrong is found anew each time; only changes are written. */
import { ERROR_CATALOGUE, type ErrorCode } from '@commonworks/core';
import type { Alarm } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';
import { newId } from '../new-id.ts';
import { forgetEnded } from './forget-ended.ts';

export type Condition = {
  readonly code: ErrorCode;
  /** What it is about, in words a member of staff knows: an edge's name, a device. */
  readonly subject: string;
  readonly severity: Alarm['severity'];
  readonly message: string;
  /** When it began, where that is known better than by noticing it. */
  readonly sinceMs?: number;
  /** The name of the edge that alone can bring many of it; absent for the servers and the meters. */
  readonly edge?: string;
};

/** Raises what is new, ends what is over, and lets the rest say what is known by now. Returns the ids of the alarms that changed. */
export async function updateAlarms(db: Db, conditions: readonly Condition[], nowMs: number): Promise<string[]> {
  const open = await db
    .selectFrom('alarm')
    .select(['id', 'code', 'subject', 'since_ms', 'message'])
    .where('until_ms', 'is', null)
    .execute();
  const wanted = new Map(conditions.map((condition) => [`${condition.code} ${condition.subject}`, condition]));
  const changed: string[] = [];
  for (const alarm of open) {
    const key = `${alarm.code} ${alarm.subject}`;
    const condition = wanted.get(key);
    if (condition !== undefined && (condition.sinceMs ?? alarm.since_ms) === alarm.since_ms) {
      wanted.delete(key);
      if (condition.message === alarm.message) continue;
      // It lasts, and more is known of it: a reason, a time.
      await db.updateTable('alarm').set({ message: condition.message }).where('id', '=', alarm.id).execute();
      changed.push(alarm.id);
      continue;
    }
    await db.updateTable('alarm').set({ until_ms: nowMs }).where('id', '=', alarm.id).execute();
    changed.push(alarm.id);
  }
  for (const condition of wanted.values()) changed.push(await raise(db, condition, nowMs));
  if (wanted.size > 0) await forgetEnded(db, new Set([...wanted.values()].map(({ edge }) => edge ?? null)));
  return changed;
}

/** For what happens at a moment and does not last: begun and over at once, so it is seen in the list. */
export async function reportIncident(db: Db, condition: Condition, nowMs: number): Promise<string> {
  const id = await raise(db, condition, nowMs);
  await db.updateTable('alarm').set({ until_ms: nowMs }).where('id', '=', id).execute();
  await forgetEnded(db, new Set([condition.edge ?? null]));
  return id;
}

async function raise(db: Db, condition: Condition, nowMs: number): Promise<string> {
  const id = newId(nowMs);
  const { code, subject, severity, message, sinceMs = nowMs, edge = null } = condition;
  const row = { id, code, subject, severity, message, since_ms: sinceMs, until_ms: null, edge };
  await db
    .insertInto('alarm')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return id;
}

/** Open ones first, then the newest; those begun before `beforeMs`. */
export async function listAlarms(db: Db, page: { beforeMs: number; limit: number }): Promise<Alarm[]> {
  const rows = await db
    .selectFrom('alarm')
    .selectAll()
    .where('since_ms', '<', page.beforeMs)
    .orderBy((order) => order.case().when('until_ms', 'is', null).then(0).else(1).end())
    .orderBy('since_ms', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map(toAlarm);
}

export async function findAlarm(db: Db, id: string): Promise<Alarm | null> {
  const row = await db.selectFrom('alarm').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toAlarm(row);
}

type Row = { id: string; code: string; subject: string; severity: 'warning' | 'alarm' } & {
  message: string;
  since_ms: number;
  until_ms: number | null;
};

function toAlarm(row: Row): Alarm {
  const entry = Object.entries(ERROR_CATALOGUE).find(([code]) => code === row.code)?.[1];
  return {
    id: row.id,
    code: row.code,
    severity: row.severity,
    subject: row.subject,
    message: row.message,
    remedy: entry?.remedy ?? '',
    sinceMs: row.since_ms,
    untilMs: row.until_ms,
  };
}
