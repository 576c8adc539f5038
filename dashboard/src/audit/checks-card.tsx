/** What must always hold of the stored data: calm while it does, and what to do first when it does not. */
import type { AuditState, InvariantAudit } from '@commonworks/core/audit/invariants.ts';
import { agoText } from '../operator/backup-words.ts';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Badge } from '../ui/badge.tsx';
import { Fold } from '../ui/fold.tsx';
import { Loaded } from '../ui/states.tsx';
import { auditVerdict, keepsMonthsOpen, lookOf } from './verdict.ts';

const words = text.audit;

export function ChecksCard() {
  const { api, live } = useApp();
  const audit = useResource((signal) => api.audit({ signal }), [live.generation.value]);
  return (
    <section class="card">
      <h2>{words.title}</h2>
      <Loaded resource={audit}>{(state) => <Verdicts state={state} />}</Loaded>
    </section>
  );
}

function Verdicts({ state }: { state: AuditState }) {
  const { look, sentence } = auditVerdict(state);
  const wrong = state.checks.filter(({ count }) => count > 0);
  return (
    <>
      <p class="row">
        <Badge {...look} />
      </p>
      <p>{sentence}</p>
      {!state.isBrokerKnown && <p class="small">{words.brokerUnknown}</p>}
      {wrong.length > 0 && (
        <ul class="links checks">
          {wrong.map((check) => (
            <WrongCheck key={check.invariant} check={check} />
          ))}
        </ul>
      )}
      <Fold title={words.all}>
        <p class="small">{words.intro}</p>
        <ul class="links checks">
          {state.checks.map((check) => (
            <CheckRow key={check.invariant} check={check} nowMs={state.nowMs} />
          ))}
        </ul>
      </Fold>
    </>
  );
}

function WrongCheck({ check: { invariant, findings, count } }: { check: InvariantAudit }) {
  return (
    <li class="stack is-tight">
      <p class="strong">{words.claim(invariant)}</p>
      <ul>
        {findings.map(({ subject, message }) => (
          <li key={subject} class="small">
            {message.includes(subject) ? message : `${subject}: ${message}`}
          </li>
        ))}
      </ul>
      {count > findings.length && <p class="small">{words.more(count - findings.length)}</p>}
      <p class="small">{words.toDo(invariant)}</p>
      {keepsMonthsOpen(invariant) && <p class="small">{words.noMonth}</p>}
    </li>
  );
}

function CheckRow({ check, nowMs }: { check: InvariantAudit; nowMs: number }) {
  const { format } = useApp();
  const { invariant, checked, checkedMs } = check;
  return (
    <li class="stack is-tight">
      <p>{words.claim(invariant)}</p>
      <p class="row">
        <Badge {...lookOf(check)} isQuiet={check.count === 0} />
        {checkedMs !== null && (
          <span class="small">
            {words.looked(invariant, format.number(checked), checked === 1, agoText(nowMs - checkedMs))}
          </span>
        )}
      </p>
    </li>
  );
}
