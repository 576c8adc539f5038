/** How many shares there are; the treasurer hands them on, and issues more, which members then subscribe. */
import type { Member } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { hasRole, useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { TextField } from '../ui/field.tsx';
import { Fold } from '../ui/fold.tsx';
import { Loaded, Refusal } from '../ui/states.tsx';
import { communityHolder, MoveShares } from './move-shares.tsx';

export type SharesCardProps = { readonly members: readonly Member[]; readonly onMoved: () => void };

export function SharesCard({ members, onMoved }: SharesCardProps) {
  const { api, me } = useApp();
  const shares = useResource((signal) => api.shares({ signal }), []);
  const moved = () => {
    shares.reload();
    onMoved();
  };
  return (
    <section class="card">
      <h2>{text.treasury.shares}</h2>
      <Loaded resource={shares}>
        {({ issued, unsold }) => (
          <>
            <p>{text.treasury.shareCount(String(issued), String(unsold))}</p>
            <HandOn members={members} unsold={unsold} onMoved={moved} />
          </>
        )}
      </Loaded>
      {hasRole(me, 'treasurer', 'admin') && (
        <Fold title={text.treasury.issueShares}>
          <IssueForm onIssued={shares.reload} />
        </Fold>
      )}
    </section>
  );
}

function HandOn({ members, unsold, onMoved }: SharesCardProps & { readonly unsold: number }) {
  const present = members.filter(({ leftMs }) => leftMs === null).toSorted((a, b) => a.name.localeCompare(b.name));
  const holders = [communityHolder(unsold), ...present];
  if (present.length === 0) return null;
  return (
    <Fold title={text.membership.handOn}>
      <MoveShares givers={holders.filter(({ shares }) => shares > 0)} takers={holders} onMoved={onMoved} />
    </Fold>
  );
}

function IssueForm({ onIssued }: { onIssued: () => void }) {
  const { api } = useApp();
  const [shares, setShares] = useState('');
  const [reason, setReason] = useState('');
  const { isBusy, error, run } = useAction();
  const issue = (event: Event) => {
    event.preventDefault();
    return run(() => api.issueShares({ shares: Number(shares), reason }).then(onIssued));
  };
  return (
    <form class="stack" onSubmit={issue}>
      <TextField
        label={text.treasury.issueNumber}
        value={shares}
        change={setShares}
        input={{ inputMode: 'numeric', pattern: '[1-9]\\d{0,6}' }}
      />
      <TextField label={text.treasury.issueReason} value={reason} change={setReason} input={{ minLength: 3 }} />
      <Refusal error={error} />
      <button type="submit" class="button is-main" disabled={isBusy}>
        {text.treasury.issueShares}
      </button>
    </form>
  );
}
