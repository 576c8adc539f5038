/** Hands shares on: from a member, or from what is unsold, to another. */
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { useRequestKey } from '../state/use-request-key.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';

export type Holder = { readonly id: string; readonly name: string; readonly shares: number };

/** How the API names who holds what no member has bought. */
export const COMMUNITY = 'community';

export function communityHolder(unsold: number): Holder {
  return { id: COMMUNITY, name: text.membership.community, shares: unsold };
}

export type MoveSharesProps = {
  /** Those who hold some; one alone is not asked for. */
  readonly givers: readonly Holder[];
  readonly takers: readonly Pick<Holder, 'id' | 'name'>[];
  /** How many at first. */
  readonly suggested?: number;
  readonly word?: string;
  readonly onMoved: () => void;
};

export function MoveShares({ givers, takers, suggested, word = text.membership.move, onMoved }: MoveSharesProps) {
  const { api, format, announce } = useApp();
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [shares, setShares] = useState(String(suggested ?? ''));
  const [reason, setReason] = useState('');
  const { isBusy, error, run } = useAction();
  const key = useRequestKey();
  const giver = givers.find(({ id }) => id === from) ?? givers[0];
  const others = takers.filter(({ id }) => id !== giver?.id);
  const only = takenForGranted(others);
  const taker = others.find(({ id }) => id === to) ?? only;
  if (giver === undefined || others.length === 0) return null;
  const move = (event: Event) => {
    event.preventDefault();
    if (taker === undefined) return;
    return run(async () => {
      const transfer = { from: giver.id, to: taker.id, shares: Number(shares), reason: reason.trim() };
      await api.moveShares(transfer, key.of(transfer));
      key.done();
      const name = taker.id === COMMUNITY ? text.people.ownerNone : taker.name;
      announce(text.membership.moved(format.number(transfer.shares), name));
      setReason('');
      onMoved();
    });
  };
  return (
    <form class="stack is-tight" onSubmit={move}>
      {givers.length > 1 && (
        <Choice
          label={text.membership.moveFrom}
          value={giver.id}
          options={givers.map((each) => [each.id, text.membership.holder(each.name, format.number(each.shares))])}
          choose={setFrom}
        />
      )}
      {takers.length > 1 && <TakerChoice takers={others} value={taker?.id ?? ''} choose={setTo} />}
      <TextField
        label={text.membership.howMany}
        value={shares}
        change={setShares}
        input={{ type: 'number', min: 1, max: giver.shares, step: 1 }}
      />
      <TextField
        label={text.membership.reason}
        value={reason}
        change={setReason}
        input={{ minLength: 3, maxLength: 200 }}
      />
      <Refusal error={error} />
      <div>
        <button type="submit" class="button" disabled={isBusy || taker === undefined}>
          {word}
        </button>
      </div>
    </form>
  );
}

type Taker = MoveSharesProps['takers'][number];

/** Back to the community may be taken for granted; which member it is must be said. */
function takenForGranted(takers: readonly Taker[]): Taker | undefined {
  return takers.length === 1 ? takers[0] : takers.find(({ id }) => id === COMMUNITY);
}

type TakerChoiceProps = Pick<MoveSharesProps, 'takers'> & {
  readonly value: string;
  readonly choose: (id: string) => void;
};

function TakerChoice({ takers, value, choose }: TakerChoiceProps) {
  const options = takers.map(({ id, name }) => [id, name] as const);
  const asked = takenForGranted(takers) === undefined ? [['', text.membership.choose] as const, ...options] : options;
  return <Choice label={text.membership.moveTo} value={value} options={asked} choose={choose} />;
}
