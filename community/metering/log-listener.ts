/** The port through which other folders follow the log: within the transaction that moves the cursor, so exactly once. */
import type { LogEntry, Pack } from '@commonworks/core';
import type { Db } from '../database.ts';

/**
 * A pack as it was acknowledged, its times resolved to UTC. `isByBoot`: its stamps were times since boot, placed by that
 * boot's clock record; else they are of the agent's wall clock.
 */
export type LogRecord = { readonly entry: LogEntry; readonly pack: Pack; readonly isByBoot?: boolean };

/** What the main thread is told once the transaction is committed; `body` is plain JSON. */
export type Notice = { readonly kind: string; readonly body: unknown };

/**
 * Called for every pack in log order. Write through `tx` only. Throwing rolls the page back; the record is then tried
 * alone and, if it fails again, set aside. `notify` is heard only if the transaction commits.
 */
export type LogListener = (tx: Db, record: LogRecord, notify: (notice: Notice) => void) => Promise<void>;
