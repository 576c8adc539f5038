/** The values in force that people typed for a register; each can be withdrawn, with a reason. */
import type { SubstitutedSpan } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import type { RegisterProps } from './month-quality.tsx';
import { ReasonForm } from './reason-form.tsx';
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
  const withdraw = async (reason: string) => {
    await api.withdrawValues(typed.id, reason);
    announce(text.closing.withdrawn(name));
    onDone();
  };
  return (
    <ReasonForm
      title={text.closing.withdraw}
      label={text.closing.withdrawReason}
      submit={text.closing.withdrawDo}
      decide={withdraw}
    />
  );
}
