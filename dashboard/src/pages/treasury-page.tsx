/** For the treasurer: close a month, see the runs, read out the head of the books. */
import type { Settlement } from '@commonworks/core/api/index.ts';
import { localMonth, previousMonth } from '@commonworks/core/time.ts';
import { useState } from 'preact/hooks';
import type { Missing } from '../api/api.ts';
import { Fingerprint } from '../share/fingerprint.tsx';
import { hasRole, useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { type Resource, useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { MembersStatements } from '../treasury/members-statements.tsx';
import { SettlementList } from '../treasury/settlement-list.tsx';
import { SharesCard } from '../treasury/shares-card.tsx';
import { Tariffs } from '../treasury/tariffs.tsx';
import { Choice } from '../ui/field.tsx';
import { Answer } from '../ui/figure.tsx';
import { Icon } from '../ui/icons.tsx';
import { Loaded, Refusal } from '../ui/states.tsx';

const MONTHS_OFFERED = 12;
const MISSING = ['refuse', 'exclude'] as const satisfies Missing[];

export function TreasuryPage() {
  const { api, me } = useApp();
  const runs = useResource((signal) => api.settlements({ signal }), []);
  const head = useResource((signal) => api.ledgerHead({ signal }), []);
  const members = useResource((signal) => api.members({ signal }), []);
  const reload = () => {
    runs.reload();
    head.reload();
  };
  return (
    <Loaded resource={runs}>
      {(list) => (
        <div class="page">
          <SettledAnswer runs={list} />
          <div class="columns is-wide-left">
            <section class="stack">
              <h2>{text.treasury.runs}</h2>
              <SettlementList runs={list} />
              <Tariffs />
              <SharesCard members={members.data ?? []} onMoved={members.reload} />
            </section>
            <div class="stack">
              {hasRole(me, 'treasurer') && <CloseMonth onDone={reload} />}
              <MembersStatements members={members.data ?? []} />
              <HeadCard head={head} />
            </div>
          </div>
        </div>
      )}
    </Loaded>
  );
}

function SettledAnswer({ runs }: { runs: readonly Settlement[] }) {
  const { format } = useApp();
  const months = runs.filter(({ status }) => status === 'settled').map(({ month }) => month);
  const last = months.toSorted().at(-1);
  if (last === undefined) return <Answer sentence={text.treasury.answerNone} />;
  return <Answer sentence={text.treasury.answer(format.month(last))} mark={format.month(last)} />;
}

function CloseMonth({ onDone }: { onDone: () => void }) {
  const { api, format, live, announce } = useApp();
  const months = monthsBack(localMonth(live.nowMs(), format.zone));
  const [month, setMonth] = useState(months[0] ?? '');
  const [missing, setMissing] = useState<Missing>('refuse');
  const [refused, setRefused] = useState<Settlement>();
  const { isBusy, error, run } = useAction();
  const settle = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      setRefused(undefined);
      const made = await api.settle(month, missing);
      if (made.status === 'refused') setRefused(made);
      else announce(text.treasury.answer(format.month(month)));
      onDone();
    });
  };
  return (
    <form class="card" onSubmit={settle}>
      <h2>{text.treasury.run}</h2>
      <p class="small soft">{text.treasury.runHelp}</p>
      <Choice
        label={text.treasury.month}
        value={month}
        options={months.map((each) => [each, format.month(each)])}
        choose={setMonth}
      />
      <Choice
        label={text.treasury.missing}
        value={missing}
        options={MISSING.map((each) => [each, text.treasury.missingChoices[each]])}
        choose={(next) => setMissing(MISSING.find((each) => each === next) ?? 'refuse')}
      />
      <Refusal error={error} />
      {refused !== undefined && (
        <div class="refusal" role="alert">
          <strong>{text.treasury.reasons}</strong>
          {refused.reasons.map((reason) => (
            <span key={reason} class="small">
              {reason}
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

function HeadCard({ head }: { head: Resource<{ seq: number; hash: string }> }) {
  const { api, format } = useApp();
  return (
    <section class="card">
      <h2>{text.treasury.head}</h2>
      <Loaded resource={head}>
        {({ seq, hash }) => (
          <>
            <p class="strong">{text.treasury.entry(format.number(seq))}</p>
            <Fingerprint value={hash} help={text.treasury.headHelp} />
            <a class="button" href={api.ledgerExportUrl} download="ledger.jsonl">
              <Icon name="download" size={16} />
              {text.treasury.ledger}
            </a>
            <p class="small soft">{text.treasury.verify}</p>
          </>
        )}
      </Loaded>
    </section>
  );
}

/** The months that may be closed: those that are over, newest first. */
function monthsBack(current: string): string[] {
  const months: string[] = [];
  for (let month = previousMonth(current); months.length < MONTHS_OFFERED; month = previousMonth(month))
    months.push(month);
  return months;
}
