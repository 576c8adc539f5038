/** Answers what the server asks about a month: what keeps it open, what a run would post, or the run itself. */
import { accept, type Result, refuse } from '@commonworks/core';
import type { Db } from '../database.ts';
import type { Answers, Question } from '../metering/derivation-messages.ts';
import type { SettledCommunity } from '../settlement/freeze-period.ts';
import { settlementOf } from '../settlement/runs.ts';
import { settleMonth } from '../settlement/settle-month.ts';
import { monthReadiness } from './month-readiness.ts';
import { nameReadiness, readNames } from './names.ts';
import { previewMonth } from './preview-month.ts';

export type Asked = {
  readonly community: SettledCommunity;
  readonly nowMs: number;
  /** False: nobody vouches for the hub's clock, and whether a month is over is not known. */
  readonly isTimeKnown: boolean;
};

export async function answerQuestion(db: Db, at: Asked, question: Question): Promise<Result<Answers[keyof Answers]>> {
  switch (question.ask) {
    case 'settle': {
      if (!at.isTimeKnown) return refuse('community.time-unknown', "nobody vouches for the hub's time");
      const run = await settleMonth(db, { ...at, ...question });
      return run.ok ? accept(settlementOf(run.value, await readNames(db))) : run;
    }
    case 'readiness': {
      const { month } = question;
      const readiness = await monthReadiness(db, { month, zone: at.community.zone, nowMs: at.nowMs });
      if (readiness === null) return refuse('community.period-empty', `${month} has no tariff or no metering point`);
      return accept(nameReadiness(readiness, await readNames(db)));
    }
    case 'preview':
      return await previewMonth(db, { ...at, month: question.month });
    default:
      return question satisfies never;
  }
}
