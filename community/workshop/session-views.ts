/** Sessions as people see them: how long it ran, was idle, is unknown, what it cost, and the evidence span by span. */
import type { Session } from '@commonworks/core/api/index.ts';
import { sessionSeconds, sessionSpans } from '@commonworks/core/workshop/index.ts';
import type { Db } from '../database.ts';
import { activitySpans, watchedMachines } from './machine-watch.ts';

function query(db: Db) {
  return db
    .selectFrom('session')
    .innerJoin('machine', 'machine.id', 'session.machine')
    .innerJoin('member', 'member.id', 'session.member')
    .selectAll('session')
    .select(['machine.name as machine_name', 'member.name as member_name']);
}
type Row = Awaited<ReturnType<ReturnType<typeof query>['execute']>>[number];

/** A member's sessions, newest first, those that began before `beforeMs`. */
export async function memberSessions(
  db: Db,
  member: string,
  page: { beforeMs: number; limit: number },
): Promise<Session[]> {
  const rows = await query(db)
    .where('session.member', '=', member)
    .where('session.start_ms', '<', page.beforeMs)
    .orderBy('session.start_ms', 'desc')
    .limit(page.limit)
    .execute();
  return await toSessions(db, rows);
}

export async function findSession(db: Db, id: string): Promise<Session | null> {
  const rows = await query(db).where('session.id', '=', id).execute();
  return (await toSessions(db, rows))[0] ?? null;
}

async function toSessions(db: Db, rows: readonly Row[]): Promise<Session[]> {
  const watched = await watchedMachines(db);
  return await Promise.all(rows.map((row) => toSession(db, row, watched.get(row.machine)?.timeMs ?? row.start_ms)));
}

/** A session that is not closed is counted up to what was heard last: what is not yet known is not unknown. */
async function toSession(db: Db, row: Row, heardMs: number): Promise<Session> {
  const endMs = row.end_ms ?? Number.POSITIVE_INFINITY;
  const toMs = row.closed_ms === null ? Math.min(endMs, heardMs) : endMs;
  const span = { fromMs: row.start_ms, toMs: Math.max(row.start_ms, toMs) };
  const spans = sessionSpans(span, await activitySpans(db, row.machine, span.fromMs, span.toMs));
  const seconds = sessionSeconds(spans);
  return {
    id: row.id,
    machine: row.machine,
    machineName: row.machine_name,
    member: row.member,
    memberName: row.member_name,
    startMs: row.start_ms,
    endMs: row.end_ms,
    runningS: row.running_s ?? seconds.runningS,
    idleS: row.idle_s ?? seconds.idleS,
    unknownS: row.unknown_s ?? seconds.unknownS,
    energyMwh: energy(row),
    chargeMinor: row.charge_minor,
    waitsFor: waitsFor(row),
    transaction: row.ledger_entry,
    spans,
  };
}

function waitsFor({ closed_ms, start_clock, end_clock }: Row): Session['waitsFor'] {
  if (closed_ms !== null) return null;
  const clocks = [start_clock, end_clock].filter((clock) => clock !== null);
  if (clocks.length === 0) return null;
  return clocks.some((clock) => clock !== 'hub') ? 'agent-clock' : 'hub-clock';
}

/** A register that fell (reset, exchange) proves nothing. */
function energy(row: Row): number | null {
  if (row.opening_mwh === null || row.closing_mwh === null || row.closing_mwh < row.opening_mwh) return null;
  return row.closing_mwh - row.opening_mwh;
}
