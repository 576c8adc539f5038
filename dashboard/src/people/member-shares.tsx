/** Shares go from a member to another, or back to the community. */
import type { Member } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Icon } from '../ui/icons.tsx';
import { Refusal } from '../ui/states.tsx';

export type MemberSharesProps = {
  readonly member: Member;
  /** Those who may take them. */
  readonly members: readonly Member[];
  readonly onChanged: () => void;
};

/** How the API names what no member holds. */
const COMMUNITY = 'community';

export function MemberShares(props: MemberSharesProps) {
  const { format } = useApp();
  const { shares } = props.member;
  return (
    <section class="stack is-tight">
      <h3>{text.membership.sharesTitle}</h3>
      {shares === 0 ? (
        <p>{text.membership.noShares}</p>
      ) : (
        <>
          <p>{text.membership.holds(format.number(shares))}</p>
          <details>
            <summary>
              <Icon name="chevron" size={16} />
              {text.membership.move}
            </summary>
            <MoveForm {...props} />
          </details>
        </>
      )}
    </section>
  );
}

function MoveForm({ member, members, onChanged }: MemberSharesProps) {
  const { api, format, announce } = useApp();
  const [to, setTo] = useState(COMMUNITY);
  const [shares, setShares] = useState(String(member.shares));
  const [reason, setReason] = useState('');
  const { isBusy, error, run } = useAction();
  const others = members.filter(({ id }) => id !== member.id);
  const takers = [[COMMUNITY, text.membership.community], ...others.map(({ id, name }) => [id, name])] as const;
  const move = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      await api.moveShares({ from: member.id, to, shares: Number(shares), reason: reason.trim() });
      const name = others.find(({ id }) => id === to)?.name ?? text.people.ownerNone;
      announce(text.membership.moved(format.number(Number(shares)), name));
      onChanged();
    });
  };
  return (
    <form class="stack is-tight" onSubmit={move}>
      <Choice
        label={text.membership.moveTo}
        value={to}
        options={takers.map(([id = '', name = '']) => [id, name] as const)}
        choose={setTo}
      />
      <TextField
        label={text.membership.howMany}
        value={shares}
        change={setShares}
        input={{ type: 'number', min: 1, max: member.shares, step: 1 }}
      />
      <TextField
        label={text.membership.reason}
        value={reason}
        change={setReason}
        input={{ minLength: 3, maxLength: 200 }}
      />
      <Refusal error={error} />
      <div>
        <button type="submit" class="button" disabled={isBusy}>
          {text.membership.move}
        </button>
      </div>
    </form>
  );
}
