/** The values in force that people typed for a register; each can be withdrawn, with a reason. */
import type { SubstitutedSpan } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { TextField } from '../ui/field.tsx';
import { Fold } from '../ui/fold.tsx';
import { Refusal } from '../ui/states.tsx';
import type { RegisterProps } from './month-quality.tsx';
import { registerName } from './register-words.ts';

type TypedValuesProps = Omit<RegisterProps, 'onChanged'> & {
  /** Absent for who may only read. */
  readonly onChanged: (() => void) | undefined;
};

export function TypedValues({ register, onChanged }: TypedValuesProps) {
  const { format } = useApp();
  if (register.substitutes.length === 0) return null;
  return (
    <ul class="stack is-tight">
      {register.substitutes.map((typed) => (
        <li key={typed.id} class="stack is-tight">
          <p class="small">
            {text.closing.typedSpan(
              format.energyExact(typed.energyMwh),
              format.dateTime(typed.fromMs),
              format.dateTime(typed.toMs),
            )}
            :{' '}
            <span class="soft">
              {text.closing.typedBy(typed.reason, typed.author, format.dateTime(typed.createdMs))}
            </span>
          </p>
          {onChanged !== undefined && <Withdraw typed={typed} name={registerName(register)} onDone={onChanged} />}
        </li>
      ))}
    </ul>
  );
}

type WithdrawProps = { readonly typed: SubstitutedSpan; readonly name: string; readonly onDone: () => void };

function Withdraw({ typed, name, onDone }: WithdrawProps) {
  const { api, announce } = useApp();
  const [reason, setReason] = useState('');
  const { isBusy, error, run } = useAction();
  const withdraw = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      await api.withdrawValues(typed.id, reason.trim());
      announce(text.closing.withdrawn(name));
      onDone();
    });
  };
  return (
    <Fold title={text.closing.withdraw}>
      <form class="stack" onSubmit={withdraw}>
        <TextField
          label={text.closing.withdrawReason}
          value={reason}
          change={setReason}
          input={{ minLength: 3, maxLength: 300 }}
        />
        <Refusal error={error} />
        <div>
          <button type="submit" class="button" disabled={isBusy}>
            {text.closing.withdrawDo}
          </button>
        </div>
      </form>
    </Fold>
  );
}
