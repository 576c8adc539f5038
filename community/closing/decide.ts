/** A person decides about the gaps of a register: they stay as they are and the month may close, or that is taken back. */
import type { RegisterReadiness } from '@commonworks/core/api/index.ts';
import type { ClosingMatter } from '@commonworks/core/closing/index.ts';
import type { Db } from '../database.ts';

export type DecideRequest = {
  readonly month: string;
  /** As it is known now: the decision holds for no more than that. */
  readonly register: RegisterReadiness;
  readonly matters: readonly ClosingMatter[];
  readonly isAccepted: boolean;
  readonly reason: string;
  /** Member id. */
  readonly author: string;
  readonly nowMs: number;
};

export async function decide(tx: Db, request: DecideRequest): Promise<void> {
  const { register } = request;
  const { no } = await tx
    .selectFrom('metering_point')
    .select('no')
    .where('id', '=', register.point)
    .executeTakeFirstOrThrow();
  for (const matter of request.matters) {
    await tx
      .insertInto('closing_decision')
      .values({
        ...{ month: request.month, point_no: no, direction: register.register === 'importedWh' ? 0 : 1, matter },
        ...{ is_accepted: request.isAccepted ? 1 : 0, extent: extentNow(register, matter) },
        ...{ reason: request.reason, author: request.author, created_ms: request.nowMs },
      })
      .execute();
  }
}

function extentNow({ missing, placed, unplaced }: RegisterReadiness, matter: ClosingMatter): number {
  const unplacedMwh = unplaced.reduce((sum, { remainingMwh }) => sum + Math.abs(remainingMwh), 0);
  return { missing, estimated: placed, unplaced: unplacedMwh }[matter];
}
