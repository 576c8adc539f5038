/** For the treasurer: close a month, see the runs, read out the head of the books. */
import type { Settlement } from '@commonworks/core/api/index.ts';
import { Fingerprint } from '../share/fingerprint.tsx';
import { useApp } from '../state/app.ts';
import { type Resource, useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { CloseMonth } from '../treasury/close-month.tsx';
import { MembersStatements } from '../treasury/members-statements.tsx';
import { SettlementList } from '../treasury/settlement-list.tsx';
import { SharesCard } from '../treasury/shares-card.tsx';
import { Tariffs } from '../treasury/tariffs.tsx';
import { Answer } from '../ui/figure.tsx';
import { Icon } from '../ui/icons.tsx';
import { Loaded } from '../ui/states.tsx';

export function TreasuryPage() {
  const { api } = useApp();
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
              <CloseMonth onDone={reload} />
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
