/** For the treasurer: choose a month, see what it is made of, and close it. */
import type { Settlement } from '@commonworks/core/api/index.ts';
import { localMonth, previousMonth } from '@commonworks/core/time.ts';
import { useState } from 'preact/hooks';
import type { Missing } from '../api/api.ts';
import { GapRuleCard } from '../closing/gap-rule.tsx';
import { MonthPreview } from '../closing/month-preview.tsx';
import { MonthQuality } from '../closing/month-quality.tsx';
import { REASON } from '../closing/reason-form.tsx';
import { hasRole, useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';

const MONTHS_OFFERED = 12;
const MISSING = ['refuse', 'exclude'] as const satisfies Missing[];

/** Admins see what keeps a month open; to decide and to close is the treasurer's. */
export function CloseMonth({ onDone }: { onDone: () => void }) {
  const { format, live, me } = useApp();
  const months = monthsBack(localMonth(live.nowMs(), format.zone));
  const [month, setMonth] = useState(months[0] ?? '');
  const canDecide = hasRole(me, 'treasurer');
  return (
    <>
      <section class="card">
        <h2>{text.treasury.run}</h2>
        <p class="small soft">{text.treasury.runHelp}</p>
        <Choice
          label={text.treasury.month}
          value={month}
          options={months.map((each) => [each, format.month(each)])}
          choose={setMonth}
        />
      </section>
      <MonthQuality key={month} month={month} canDecide={canDecide} />
      <GapRuleCard current={localMonth(live.nowMs(), format.zone)} canDecide={canDecide} />
      <section class="card">
        <h2>{text.closing.close(format.month(month))}</h2>
        <MonthPreview month={month} />
        {canDecide && <SettleForm month={month} onDone={onDone} />}
      </section>
    </>
  );
}

function SettleForm({ month, onDone }: { month: string; onDone: () => void }) {
  const { api, format, announce } = useApp();
  const [missing, setMissing] = useState<Missing>('refuse');
  const [reason, setReason] = useState('');
  const [refused, setRefused] = useState<Settlement>();
  const { isBusy, error, run } = useAction();
  const settle = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      setRefused(undefined);
      const made = await api.settle({ month, missing, ...(missing === 'exclude' && { reason: reason.trim() }) });
      if (made.status === 'refused') setRefused(made);
      else announce(text.treasury.answer(format.month(month)));
      onDone();
    });
  };
  return (
    <form class="stack" onSubmit={settle}>
      <Choice
        label={text.treasury.missing}
        value={missing}
        options={MISSING.map((each) => [each, text.treasury.missingChoices[each]])}
        choose={(next) => setMissing(MISSING.find((each) => each === next) ?? 'refuse')}
      />
      {missing === 'exclude' && (
        <TextField label={text.closing.excludeReason} value={reason} change={setReason} input={REASON} />
      )}
      <Refusal error={error} />
      {refused !== undefined && (
        <div class="refusal" role="alert">
          <strong>{text.treasury.reasons}</strong>
          {refused.reasons.map((each) => (
            <span key={each} class="small">
              {each}
            </span>
          ))}
        </div>
      )}
      <button type="submit" class="button is-main is-large" disabled={isBusy}>
        {isBusy ? text.treasury.settling : text.treasury.settle}
      </button>
    </form>
  );
}

/** The months that may be closed: those that are over, newest first. */
function monthsBack(current: string): string[] {
  const months: string[] = [];
  for (let month = previousMonth(current); months.length < MONTHS_OFFERED; month = previousMonth(month))
    months.push(month);
  return months;
}
