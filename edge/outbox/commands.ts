/** Commands the edge has taken: each runs once, and what was under way goes on after a restart. */
import type { DatabaseSync } from 'node:sqlite';
import type { CommandRow, LeaseEnd } from './store.ts';

const COMMANDS_KEPT_MS = 90 * 86_400_000;

export type Commands = {
  /** False when the command is known already. */
  readonly remember: (row: { id: string; body: string; lease: LeaseEnd; bornMs: number }) => boolean;
  readonly setState: (id: string, state: string) => void;
  readonly open: () => CommandRow[];
};

export function createCommands(db: DatabaseSync): Commands {
  const add = db.prepare(
    "INSERT OR IGNORE INTO command (id, body, state, bornMs, boot, deadlineMs) VALUES (?, ?, 'accepted', ?, ?, ?)",
  );
  const setState = db.prepare('UPDATE command SET state = ? WHERE id = ?');
  const open = db.prepare("SELECT * FROM command WHERE state IN ('accepted', 'written', 'held', 'undoing')");
  const forget = db.prepare("DELETE FROM command WHERE bornMs < ? AND state = 'done'");
  return {
    remember: ({ id, body, lease, bornMs }) => {
      forget.run(bornMs - COMMANDS_KEPT_MS);
      return add.run(id, body, bornMs, lease.boot, lease.deadlineMs).changes === 1;
    },
    setState: (id, state) => void setState.run(state, id),
    open: () => open.all().map(commandOf),
  };
}

function commandOf(row: Record<string, unknown>): CommandRow {
  const deadlineMs = row['deadlineMs'] === null ? null : Number(row['deadlineMs']);
  const { id, body, state, boot } = row;
  return { id: String(id), body: String(body), state: String(state), boot: String(boot), deadlineMs };
}
