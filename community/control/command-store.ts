/** Commands and the audited steps of their life; the state only moves forward, and what the edge says counts. */
import type { Command, CommandState, SignedCommand } from '@commonworks/core';
import type { CommandRecord } from '@commonworks/core/api/index.ts';
import { sql } from 'kysely';
import type { Db } from '../database.ts';

/** How far a state is along; of two reports the further one stands. The edge's last word overrules our own clock. */
const RANK: Readonly<Record<CommandState, number>> = {
  requested: 0,
  published: 1,
  accepted: 2,
  expired: 3,
  written: 4,
  failed: 5,
  confirmed: 6,
  reverted: 7,
};
const FINAL: readonly CommandState[] = ['confirmed', 'failed', 'expired', 'reverted'];

export type NewCommand = {
  readonly command: Command;
  readonly signed: SignedCommand;
  readonly reason: string;
  readonly requestedBy: string;
};

/** Within a transaction. */
export async function insertCommand(tx: Db, { command, signed, reason, requestedBy }: NewCommand): Promise<void> {
  await tx
    .insertInto('command')
    .values({
      id: command.id,
      community: command.community,
      edge: command.edge,
      device: command.device,
      kind: command.kind,
      value: command.value,
      reason,
      requested_by: requestedBy,
      state: 'requested',
      observed: null,
      issued_ms: command.issuedMs,
      expires_ms: command.expiresMs,
      lease_until_ms: command.leaseUntilMs,
      body: signed.body,
      signature: signed.signature,
    })
    .execute();
  await insertStep(tx, command.id, { no: 1, state: 'requested', atMs: command.issuedMs, detail: reason });
}

export type Step = { readonly state: CommandState; readonly atMs: number; readonly detail: string };

/** Within a transaction. False when the command is not ours, or is in that state already. */
export async function addStep(tx: Db, id: string, step: Step & { observed?: number | null }): Promise<boolean> {
  const row = await tx.selectFrom('command').select(['state', 'observed']).where('id', '=', id).executeTakeFirst();
  if (row === undefined) return false;
  const steps = await tx.selectFrom('command_step').select(['no', 'state']).where('command', '=', id).execute();
  if (steps.some((known) => known.state === step.state)) return false;
  await insertStep(tx, id, { ...step, no: steps.length + 1 });
  const isFurther = RANK[step.state] > RANK[row.state];
  await tx
    .updateTable('command')
    .set({ state: isFurther ? step.state : row.state, observed: step.observed ?? row.observed })
    .where('id', '=', id)
    .execute();
  return true;
}

async function insertStep(tx: Db, command: string, step: Step & { no: number }): Promise<void> {
  await tx
    .insertInto('command_step')
    .values({ command, no: step.no, state: step.state, at_ms: step.atMs, detail: step.detail })
    .execute();
}

/** Not at an end, and past their time by `graceMs`. */
export async function overdueCommands(db: Db, nowMs: number, graceMs: number): Promise<string[]> {
  const rows = await db
    .selectFrom('command')
    .select('id')
    .where('state', 'not in', FINAL)
    .where('expires_ms', '<', nowMs - graceMs)
    .limit(100)
    .execute();
  return rows.map((row) => row.id);
}

/** Newest first, those issued before `beforeMs`. */
export async function listCommands(db: Db, page: { beforeMs: number; limit: number }): Promise<CommandRecord[]> {
  const rows = await db
    .selectFrom('command')
    .selectAll()
    .where('issued_ms', '<', page.beforeMs)
    .orderBy('issued_ms', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
  return await withSteps(db, rows);
}

export async function findCommand(db: Db, id: string): Promise<CommandRecord | null> {
  const rows = await db.selectFrom('command').selectAll().where('id', '=', id).execute();
  return (await withSteps(db, rows))[0] ?? null;
}

type Row = { id: string; edge: string; device: string; kind: CommandRecord['kind']; value: number | null } & {
  reason: string;
  requested_by: string;
  state: CommandState;
  observed: number | null;
  expires_ms: number;
};

async function withSteps(db: Db, rows: readonly Row[]): Promise<CommandRecord[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const steps = await db.selectFrom('command_step').selectAll().where('command', 'in', ids).orderBy('no').execute();
  const people = await db.selectFrom('member').select(['id', 'name']).execute();
  const names = new Map(people.map(({ id, name }) => [id, name]));
  return rows.map((row) => ({
    id: row.id,
    edge: row.edge,
    device: row.device,
    kind: row.kind,
    value: row.value,
    reason: row.reason,
    requestedBy: names.get(row.requested_by) ?? row.requested_by,
    state: row.state,
    observed: row.observed,
    expiresMs: row.expires_ms,
    steps: steps
      .filter((step) => step.command === row.id)
      .map((step) => ({ state: step.state, atMs: step.at_ms, detail: step.detail })),
  }));
}

/** The newest command of a kind for a device, and the newest that did not fail or expire: the one in force. */
export type LastCommands = { readonly newest: LastCommand | undefined; readonly inForce: LastCommand | undefined };
type LastCommand = {
  readonly id: string;
  readonly value: number | null;
  readonly state: CommandState;
  readonly issued_ms: number;
  readonly lease_until_ms: number | null;
  readonly requested_by: string;
};

export async function lastCommands(
  db: Db,
  which: { edge: string; device: string; kind: Command['kind'] },
): Promise<LastCommands> {
  const ofDevice = db
    .selectFrom('command')
    .select(['id', 'value', 'state', 'issued_ms', 'lease_until_ms', 'requested_by'])
    .where('edge', '=', which.edge)
    .where('device', '=', which.device)
    .where('kind', '=', which.kind)
    .orderBy('issued_ms', 'desc')
    .orderBy(sql`rowid`, 'desc')
    .limit(1);
  const newest = await ofDevice.executeTakeFirst();
  if (newest === undefined || (newest.state !== 'failed' && newest.state !== 'expired')) {
    return { newest, inForce: newest };
  }
  return { newest, inForce: await ofDevice.where('state', 'not in', ['failed', 'expired']).executeTakeFirst() };
}
