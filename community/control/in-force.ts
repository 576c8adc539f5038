/** Commands that failed and whose effect is still on the device, as their edge says: until undone, or overruled. */
import type { Db } from '../database.ts';

export type StillInForce = {
  readonly command: string;
  readonly edge: string;
  readonly device: string;
  readonly kind: string;
  readonly detail: string;
  readonly sinceMs: number;
};

const LISTED_MAX = 100;
/** How the edge begins the reason of such a receipt. */
const STILL_IN_FORCE = 'edge.command-still-in-force';

/** One indexed read over the failed steps; there are few. */
export async function commandsStillInForce(db: Db): Promise<StillInForce[]> {
  const rows = await db
    .selectFrom('command_step as step')
    .innerJoin('command', 'command.id', 'step.command')
    .select(['command.id', 'command.edge', 'command.device', 'command.kind', 'step.detail', 'step.at_ms'])
    .where('step.state', '=', 'failed')
    .where('step.detail', 'like', `%${STILL_IN_FORCE}%`)
    .where('command.state', '!=', 'reverted')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('command as later')
            .select('later.id')
            .whereRef('later.edge', '=', 'command.edge')
            .whereRef('later.device', '=', 'command.device')
            .whereRef('later.issued_ms', '>', 'command.issued_ms')
            .where('later.state', 'in', ['confirmed', 'reverted']),
        ),
      ),
    )
    .orderBy('step.at_ms')
    .limit(LISTED_MAX)
    .execute();
  return rows.map(({ id, edge, device, kind, detail, at_ms }) => {
    return { command: id, edge, device, kind, detail, sinceMs: at_ms };
  });
}
